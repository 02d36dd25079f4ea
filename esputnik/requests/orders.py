"""Orders. Source: docs.yespo.io/reference/ordersbulkinsert-1."""

from esputnik.call import Action, Shape

MAX_ORDERS = 1000  # of one request
ORDERS = Shape(
    action=Action.ADD_ORDERS,
    path="/v1/orders",
    head=b'{"orders":[',
    tail=b"]}",
    max_items=MAX_ORDERS,
)
"""Add Orders Bulk: 1 to 1,000, each created or updated by its externalOrderId.

Every order sent raises an event at eSputnik, which may start a workflow again.
"""
