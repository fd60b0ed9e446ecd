"""Istio: DestinationRule subsets and VirtualService routes, in sidecar mode and at gateways.

A user's own object is changed in the fields that are ours and nowhere else; an object that we created is ours whole.
What a function here does not know it leaves as it was found: objects stay plain data, never a model that forgets.
"""

from __future__ import annotations

from controller.core.objects import Change, Delete, Found, Object, Ref, change, deleting, ref_of, uid
from controller.core.release import Release
from controller.core.seen import Difference, RoutesSeen
from controller.core.wanted import Wanted
from controller.routers.istio import differences, home, notes, routes, rules, seen
from controller.routers.istio.names import ORIGINAL, SUBSETS, hand_over, ours
from controller.routers.istio.view import View, reads

__all__ = ["Istio"]


class Istio:
    """Implements controller.routers.Router."""

    SUPPORTS = frozenset({"headers", "query-params", "tenths"})

    def reads(self, release: Release) -> tuple[Ref, ...]:
        return reads(release)

    def see(self, release: Release, found: Found) -> RoutesSeen:
        return seen.see(View(release, found))

    def differences(self, release: Release, wanted: Wanted, found: Found) -> tuple[Difference, ...]:
        return tuple(differences.differences(View(release, found), wanted))

    def add_subsets(self, release: Release, wanted: Wanted, found: Found) -> tuple[Change, ...]:
        view = View(release, found)
        if set(wanted.subsets) <= rules.present(view.rule):
            return ()
        made = change(view.rule, rules.with_subsets(view, wanted.subsets))
        return (made,) if made else ()

    def routes(self, release: Release, wanted: Wanted, found: Found, *, fence: str, force: bool) -> tuple[Change, ...]:
        if wanted.traffic is None:
            return ()
        view = View(release, found)
        made: list[Change] = []
        for ref in release.traffic.router.virtual_services:
            have = view.get(ref)
            want = routes.routed(view, have, wanted.traffic) if have else routes.created(view, ref, wanted.traffic)
            if force or change(have, want):
                notes.set_fence(want, fence)
                write = change(have, want)
                made += [write] if write else []
        # First the routes that are named now; what the Release named before is handed back in a later pass.
        return tuple(made) or _routes_back(view, left_behind(view))

    def home(self, release: Release, wanted: Wanted, found: Found, *, fence: str) -> tuple[Change, ...]:
        view = View(release, found)
        (stable,) = wanted.traffic.revisions if wanted.traffic else ("",)
        away = frozenset(one.name for one in wanted.revisions) - {stable}
        made: list[Change] = []
        for have in (*view.virtual_services, *left_behind(view)):
            want = home.homeward(view, have, stable, away)
            if change(have, want):
                notes.set_fence(want, fence)
                write = change(have, want)
                made += [write] if write else []
        return tuple(made)

    def remove_subsets(self, release: Release, wanted: Wanted, found: Found) -> tuple[Change, ...]:
        view = View(release, found)
        if view.rule is None or not set(wanted.subsets) <= rules.present(view.rule):
            return ()  # being added in this pass: a write that follows from the same version would fail
        keep = frozenset(wanted.subsets) | view.all_revisions()
        made = change(view.rule, rules.without(view, view.rule, keep))
        return (made,) if made else ()

    def restore_routes(self, release: Release, found: Found) -> tuple[Change, ...]:
        view = View(release, found)
        return _routes_back(view, (*view.virtual_services, *left_behind(view)))

    def restore_subsets(self, release: Release, found: Found) -> tuple[Change, ...]:
        return _rule_back(View(release, found))


def left_behind(view: View) -> tuple[Object, ...]:
    """VirtualServices that carry something of ours, and that the Release does not name any more."""
    return tuple(
        one
        for one in view.found.list("VirtualService")
        if not view.is_named(one) and (ours(one, view.release) or notes.read(one, ORIGINAL, view.release))
    )


def _routes_back(view: View, objects: tuple[Object, ...]) -> tuple[Change, ...]:
    """What we created goes; users' own are as they were."""
    made = (
        Delete(ref_of(one), uid(one)) if ours(one, view.release) else change(one, routes.restored(view, one))
        for one in objects
        if not deleting(one)
    )
    return tuple(write for write in made if write)


def _rule_back(view: View) -> tuple[Change, ...]:
    """A rule that we created goes with the last Release that has subsets in it, and when no route names any."""
    if view.rule is None or deleting(view.rule):
        return ()
    keep = view.all_revisions()
    others = notes.others(view.rule, SUBSETS, view.release)
    if ours(view.rule, view.release) and not others and not keep:
        return (Delete(ref_of(view.rule), uid(view.rule)),)
    before = rules.without(view, view.rule, keep)
    if not ours(view.rule, view.release):
        notes.disown(before, view.release)
    elif others:
        hand_over(before, next(iter(others)))
    made = change(view.rule, before)
    return (made,) if made else ()
