"""Defects of what is committed, and of what is read."""

from tests.mutants.mutant import Mutant

BURIALS = "tests/service/test_burials.py"
CRASHES = "tests/service/test_crashes.py"
DELIVERY = "tests/service/test_delivery.py"
OUTAGES = "tests/service/test_outages.py"
EDGE = "tests/simulation/edge/test_edge.py"
FETCHING = "tests/unit/consumer/kafka/test_fetching.py"
LEDGER = "tests/unit/consumer/test_ledger.py"
COMMIT_POINT = "        return self._open[0].record.offset if self._open else self.next_to_take\n"

MUTANTS = (
    Mutant(
        name="M1",
        about="a record is committed before its dead letter is acknowledged",
        file="consumer/worker.py",
        old=(
            "        await self._letters.bury(burial)\n"
            "        if self._settle(job):\n"
            "            self._meter.buried(burial)\n"
        ),
        new=(
            "        if self._settle(job):\n"
            "            self._meter.buried(burial)\n"
            "        await self._letters.bury(burial)\n"
        ),
        tests=(f"{BURIALS}::test_nothing_is_committed_over_a_record_whose_letter_is_not_safe_yet",),
    ),
    Mutant(
        name="M2",
        about="what is committed is the highest finished offset, open ones below it or not",
        file="consumer/ledger.py",
        old=COMMIT_POINT,
        new=(
            "        settled = [job.record.offset for job in self._open if job.is_settled]\n"
            "        if settled:\n"
            "            return settled[-1] + 1\n" + COMMIT_POINT
        ),
        tests=(
            f"{LEDGER}::test_the_commit_point_stops_at_the_first_unfinished_record",
            f"{LEDGER}::test_the_commit_point_never_passes_an_open_record_nor_goes_back",
        ),
    ),
    Mutant(
        name="M3",
        about="the last finished offset is committed, and not the next to read",
        file="consumer/ledger.py",
        old=COMMIT_POINT,
        new=COMMIT_POINT.replace("next_to_take", "next_to_take - 1"),
        tests=(
            f"{LEDGER}::test_the_commit_point_never_passes_an_open_record_nor_goes_back",
            f"{DELIVERY}::test_a_sign_up_reaches_esputnik_and_its_offset_is_committed",
        ),
    ),
    Mutant(
        name="M4",
        about="the books of an assignment stay open after the partition went to another",
        file="consumer/ledger.py",
        old=(
            "            log = self.logs.pop(partition, None)\n"
            "            if log is not None:\n"
            "                log.is_closed = True\n"
        ),
        new=("            log = self.logs.get(partition)\n            if log is not None:\n"),
        tests=(
            f"{LEDGER}::test_a_late_settle_of_an_old_assignment_is_ignored",
            f"{LEDGER}::test_a_record_is_ours_while_its_assignment_lasts",
        ),
    ),
    Mutant(
        name="M8",
        about="that a call is about to be sent is written down while it leaves, not before",
        file="consumer/delivery.py",
        old="            if not await self.declarations.declare(errands[0].job):\n",
        new=(
            "            declaring = self.declarations.declare(errands[0].job)\n"
            "            if asyncio.get_running_loop().create_task(declaring).done():\n"
        ),
        tests=(f"{CRASHES}::test_a_send_waits_until_the_group_has_taken_what_is_written_down",),
    ),
    Mutant(
        name="M20",
        about="partitions that are held are read again after a rebalance",
        file="consumer/kafka/assignment.py",
        old="        self._waiting = set(assigned)\n",
        new="        self._waiting, self._held = set(assigned), frozenset()\n",
        tests=(
            f"{FETCHING}::test_a_held_partition_is_not_read_after_a_rebalance_either",
            f"{EDGE}::test_every_record_comes_once_in_order_to_whoever_it_belongs_to",
        ),
    ),
    Mutant(
        name="M21",
        about="after an error of a fetch it goes on where the client's own positions are",
        file="consumer/kafka/fetching.py",
        old="            self._assignment.seek_back()\n",
        new="            pass\n",
        tests=(
            f"{FETCHING}::test_after_an_error_everything_is_sought_back_to_what_was_taken",
            f"{EDGE}::test_every_record_comes_once_in_order_to_whoever_it_belongs_to",
        ),
    ),
    Mutant(
        name="M22",
        about="how much is unfinished is counted in records alone, however large they are",
        file="consumer/backpressure.py",
        old="        return max(records / self.records, size / self.bytes)\n",
        new="        return records / self.records\n",
        tests=(f"{OUTAGES}::test_large_events_that_wait_for_an_outage_to_end_are_few",),
    ),
)
