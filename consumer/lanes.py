"""Who goes first where calls are about the same contact.

A call enters with the names it is about (`Call.lanes`) and waits for the last unfinished call of
each of them, so waits point to earlier arrivals only and no cycle can form. One busy contact holds
up nobody else.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from consumer.job import Errand
from esputnik.call import Action

# An opt-out by the e-mail list goes before all calls but these ...
OF_THE_LIST = frozenset(
    {Action.ADD_UNSUBSCRIBED, Action.REMOVE_UNSUBSCRIBED, Action.DELETE_CONTACT}
)
# ... and once more after these, which might undo it.
WRITE_CONTACTS = frozenset({Action.ADD_CONTACT, Action.BULK_CONTACTS, Action.SET_SUBSCRIPTIONS})


PEOPLE = frozenset({"u:", "e:", "p:", "c:"})  # how names of a person begin
MOST_NAMES = 8  # of one call, with those of others ahead of it


class Lanes:
    """The last unfinished errand of every name. Plain state, one owner, no lock."""

    def __init__(self) -> None:
        self._last: dict[str, Errand] = {}
        self._waiting: Counter[str] = Counter()

    def __len__(self) -> int:
        """Return how many names have an unfinished call."""
        return len(self._last)

    def crowd(self, names: Iterable[str]) -> int:
        """Return how many calls wait under the busiest of these names."""
        return max((self._waiting[name] for name in names), default=0)

    def last(self, names: Iterable[str]) -> list[Errand]:
        """Return who stands last under any of these names."""
        return list({one: None for name in names if (one := self._last.get(name)) is not None})

    def stand(self, errand: Errand) -> list[Errand] | None:
        """Stand last under each of a call's names; return who stood there, None where nobody."""
        last, ahead = self._last, None
        errand.names = errand.call.lanes
        for name in errand.names:
            one = last.get(name)
            last[name] = errand
            if one is not None and one is not errand:
                if ahead is None:
                    ahead = [one]
                elif one not in ahead:
                    ahead.append(one)
        if ahead is not None:
            self._stand_wherever_they_do(errand, ahead)
        return ahead

    def _stand_wherever_they_do(self, errand: Errand, ahead: list[Errand]) -> None:
        """Stand under the other names of those ahead as well, for they are about the same person.

        Else what names them in another way might come between: of three updates, by both names, by
        e-mail and by user id, the third would wait for the first alone.
        """
        last, names = self._last, errand.names
        for one in ahead:  # which may grow meanwhile
            for name in one.names:
                if name in names or name[:2] not in PEOPLE or len(names) >= MOST_NAMES:
                    continue
                names = (*names, name)
                other, last[name] = last[name], errand
                if other not in ahead:
                    ahead.append(other)
        errand.names = names

    def wait(self, errand: Errand, ahead: list[Errand]) -> bool:
        """Wait for those who stood there before; return whether the call may go all the same."""
        errand.ahead = self._past_others(errand, ahead) if errand.call.is_urgent else ahead
        errand.waits = len(errand.ahead)
        for one in errand.ahead:
            if one.followers is None:
                one.followers = []
            one.followers.append(errand)
        errand.started = errand.waits == len(errand.passing or ())
        if not errand.started:
            self._waiting.update(errand.origin.lanes)
        return errand.started

    def spread(self, errand: Errand, names: Iterable[str]) -> None:
        """Let an errand stand last under these names: those of a call that is merged into it."""
        errand.names = tuple(dict.fromkeys((*errand.names, *names)))
        for name in names:
            self._last[name] = errand

    def leave(self, errands: Sequence[Errand]) -> list[Errand]:
        """Take calls out that ended or were dropped; return those that may go now, in order.

        Whoever comes behind one that still waits (dropped, or past imports) keeps waiting.
        """
        ready: list[Errand] = []
        last, waiting = self._last, self._waiting
        for errand in errands:
            if errand.waits:
                self._let_past(errand, ready)
                continue
            if not errand.state:  # it goes once more
                continue
            if errand.followers is not None:
                self._let_follow(errand, ready)
                continue
            for name in errand.names:
                if last.get(name) is errand:
                    del last[name]
                    if waiting and not waiting.get(name, 1):
                        del waiting[name]
        return ready

    def _let_past(self, gone: Errand, ready: list[Errand]) -> None:
        """Let on opt-outs behind one that is done and stands there for those it has passed."""
        if not gone.call.is_urgent or not gone.state:
            return
        for follower in gone.followers or ():
            if follower.passing is not None and not follower.started:
                follower.passing.append(gone)
                self._start(follower, ready)

    def _start(self, follower: Errand, ready: list[Errand]) -> None:
        """Let a call go if it waits for nobody but those it passes."""
        if not follower.started and follower.waits == len(follower.passing or ()):
            follower.started = True
            self._waiting.subtract(follower.origin.lanes)
            if not follower.state:
                ready.append(follower)

    def _let_follow(self, errand: Errand, ready: list[Errand]) -> None:
        todo = [errand]
        while todo:
            gone = todo.pop()
            self._forget(gone)
            followers, gone.followers = gone.followers, None
            for follower in followers or ():
                self._let_on(follower, gone, ready, todo)

    def ahead(self, errands: Sequence[Errand]) -> Iterator[Errand]:
        """Return these errands and all unfinished ones ahead of them, each once."""
        seen: set[int] = set()
        todo = list(errands)
        while todo:
            one = todo.pop()
            if id(one) not in seen and is_here(one):
                seen.add(id(one))
                yield one
                todo.extend(one.ahead)

    # -- waiting --------------------------------------------------------------------------

    def _past_others(self, errand: Errand, ahead: list[Errand]) -> list[Errand]:
        """Let an opt-out by the e-mail list go past what says nothing of consent.

        What stands before that and may not be passed holds the opt-out all the same, and what
        might undo it makes it go once more: both are waited for directly.
        """
        errand.passing = [one for one in ahead if _may_be_passed(one)]
        beyond: list[Errand] = []
        seen = set(ahead)
        todo = [before for one in errand.passing for before in one.ahead]
        while todo:
            one = todo.pop()
            if not is_here(one) or one in seen:
                continue
            seen.add(one)
            is_passed = _may_be_passed(one)
            if is_passed:
                todo.extend(one.ahead)
            if not is_passed or may_undo(one):
                beyond.append(one)
        errand.passing += [one for one in beyond if _may_be_passed(one)]
        return [*ahead, *beyond]

    def _let_on(
        self, follower: Errand, gone: Errand, ready: list[Errand], todo: list[Errand]
    ) -> None:
        follower.waits -= 1
        if follower.passing and gone in follower.passing:
            follower.passing.remove(gone)
            is_under_way = follower.started and follower.gathering is None
            if is_under_way and writes_contacts(gone) and not follower.asserted:
                follower.again = True
        self._start(follower, ready)
        if follower.asserted and not is_open_to_undoing(follower):
            follower.asserted = False
            ready.append(follower)
        if follower.waits == 0:
            follower.ahead = ()
            if follower.state:  # it ended before those it had passed
                todo.append(follower)

    def _forget(self, errand: Errand) -> None:
        for name in errand.names:
            if self._last.get(name) is errand:
                del self._last[name]
                if not self._waiting.get(name, 1):
                    del self._waiting[name]


def is_here(errand: Errand) -> bool:
    """Tell whether an errand still stands in its lanes."""
    return not errand.is_over or errand.waits > 0


def writes_contacts(errand: Errand) -> bool:
    """Tell whether a call writes a profile, which might undo an opt-out."""
    call = errand.origin
    return not WRITE_CONTACTS.isdisjoint((call.action, call.together()))


def may_undo(errand: Errand) -> bool:
    """Tell whether a call that an opt-out passed might undo it yet."""
    return not errand.is_over and writes_contacts(errand)


def is_open_to_undoing(errand: Errand) -> bool:
    """Tell whether an opt-out has passed calls that might undo it and are not finished."""
    return any(map(may_undo, errand.passing or ()))


def _may_be_passed(errand: Errand) -> bool:
    """Tell whether an opt-out by the e-mail list may go before a call: no word about that list."""
    return errand.is_over or errand.origin.action not in OF_THE_LIST
