from bench.page import replaced

PAGE = "# Performance\n\n<!-- bench: soak -->\n\nold\n\n<!-- /bench: soak -->\n\nThe end.\n"


def test_a_section_is_replaced_in_its_place() -> None:
    page = replaced(PAGE, "soak", r"## New \1")

    assert page == PAGE.replace("old", r"## New \1")


def test_a_section_that_is_new_goes_to_the_end() -> None:
    page = replaced(PAGE, "drain", "## Drain\n")

    assert page == PAGE + "\n<!-- bench: drain -->\n\n## Drain\n\n<!-- /bench: drain -->\n"


def test_replacing_twice_leaves_one_section() -> None:
    once = replaced(PAGE, "soak", "new")

    assert replaced(once, "soak", "new") == once
