"""Defects of order, of consent and of imports."""

from tests.mutants.mutant import Mutant

CONSENT = "tests/service/test_consent.py"
CONTACT_ORDER = "tests/service/test_contact_order.py"
DELIVERY = "tests/service/test_delivery.py"
IMPORTS = "tests/service/test_imports.py"
RULES = "tests/unit/consumer/consent/test_rules.py"
EXCHANGE = "tests/unit/consumer/test_exchange.py"
KEYS = "tests/unit/consumer/test_keys.py"
LANES = "tests/unit/consumer/test_lanes.py"
SCHEDULER = "tests/unit/consumer/test_scheduler.py"
MUTANTS = (
    Mutant(
        name="M9",
        about="an idempotency key is another one each time it is derived",
        file="esputnik/call.py",
        old='    digest = sha256(f"{identity}\\0{intent}\\0{slot}".encode()).digest()\n',
        new=(
            "    import time\n"
            "\n"
            '    told = f"{identity}\\0{intent}\\0{slot}\\0{time.time_ns()}"\n'
            "    digest = sha256(told.encode()).digest()\n"
        ),
        tests=(
            f"{KEYS}::test_a_key_is_derived_from_source_and_id",
            f"{KEYS}::test_the_keys_of_an_event_are_what_they_have_always_been",
        ),
    ),
    Mutant(
        name="M10a",
        about=(
            "of two updates in one item the earlier one stands: no batch ever holds two calls of "
            "one lane but where they are merged"
        ),
        file="consumer/scheduler.py",
        old="        call = self.merged(item.call, errand.call)\n",
        new="        call = self.merged(errand.call, item.call)\n",
        tests=(
            f"{SCHEDULER}::test_further_updates_join_as_well_in_their_order",
            f"{DELIVERY}::test_successive_updates_of_one_contact_become_one",
        ),
    ),
    Mutant(
        name="M10b",
        about="a call goes although an earlier one of the same contact has not ended",
        file="consumer/lanes.py",
        old="        errand.started = errand.waits == len(errand.passing or ())\n",
        new="        errand.started = True\n",
        tests=(
            f"{LANES}::test_a_call_waits_for_an_earlier_one_of_the_same_contact",
            f"{CONTACT_ORDER}::test_a_contact_named_by_one_name_in_the_next_event_keeps_its_order",
        ),
    ),
    Mutant(
        name="M11",
        about="that somebody left a segment is merged into that they joined one",
        file="esputnik/merging.py",
        old="    if one.is_import and other.is_import:\n",
        new=(
            "    opposites = {Action.ATTACH_CONTACTS, Action.DETACH_CONTACTS}\n"
            "    if {one.action, other.action} == opposites:\n"
            "        return first\n"
            "    if one.is_import and other.is_import:\n"
        ),
        tests=(
            f"{CONTACT_ORDER}::test_who_joins_a_segment_and_leaves_it_is_told_of_twice_and_in_this_order",
        ),
    ),
    Mutant(
        name="M16",
        about="an opt-in counts if it is no older than an opt-out, however near in time",
        file="consumer/consent/rules.py",
        old="    if opt_in.at > opt_out.at + skew:\n",
        new="    if opt_in.at >= opt_out.at:\n",
        tests=(
            f"{RULES}::test_an_opt_in_is_newer_by_more_than_the_skew_or_by_the_order_of_one_partition",
            f"{CONSENT}::test_clocks_may_differ_unless_one_partition_proves_the_order",
        ),
    ),
    Mutant(
        name="M17",
        about="an opt-out that passed an import is not told again when that has ended",
        file="consumer/errands.py",
        old=(
            "        if errand.waits and is_open_to_undoing(errand):  # it passed others\n"
            "            errand.asserted = True\n"
            "            return\n"
        ),
        new="",
        tests=(
            f"{DELIVERY}::test_an_opt_out_passes_an_import_and_is_asserted_again_when_that_has_ended",
        ),
    ),
    Mutant(
        name="M24",
        about="the slot of a request that is cancelled is never free again",
        file="consumer/requester.py",
        old="            is_next = self.turns.give_back()\n",
        new=(
            "            import asyncio\n\n"
            "            is_next = (\n"
            "                not asyncio.current_task().cancelling() and self.turns.give_back()\n"
            "            )\n"
        ),
        tests=(f"{EXCHANGE}::test_a_request_that_is_cancelled_gives_its_slot_back",),
    ),
    Mutant(
        name="M25",
        about="contacts count as delivered when their import was taken",
        file="consumer/exchange.py",
        old="        if self._await_imports:\n",
        new="        if not self._await_imports:\n",
        tests=(f"{IMPORTS}::test_an_event_is_done_when_its_import_is_finished_and_no_earlier",),
    ),
)
