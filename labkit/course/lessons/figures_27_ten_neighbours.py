"""Figures and tables of notebook 27, with their texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from labkit.course.lessons.claims_27_ten_neighbours import Claim
from labkit.course.lessons.lesson_16_glossary_and_map import Table
from labkit.course.lessons.lesson_27_ten_neighbours import (
    COUNTED,
    ERRORS,
    NEIGHBOURS,
    OBJECTS,
    Contest,
    Held,
    count_outcomes,
)
from labkit.course.plots import Captioned, in_words, new_axes
from labkit.course.plots.neighbours import draw_bits_held, draw_leads, draw_verdicts
from labkit.course.registry import BY_NUMBER


def table_of_papers() -> Table:
    """What each paper says, as far as we know it, and which objects of this course it shares."""
    rows = [
        (each.number, f"arXiv {each.arxiv}", each.says, ", ".join(each.shares))
        for each in NEIGHBOURS
    ]
    return Table(("notebook", "paper", "what it says, in our words", "it shares"), rows)


def table_of_objects() -> Table:
    """Each of `OBJECTS`, and the lessons whose paper shares it."""
    shared = {what: [each.number for each in NEIGHBOURS if what in each.shares] for what in OBJECTS}
    rows = [(what, str(len(numbers)), ", ".join(numbers)) for what, numbers in shared.items()]
    return Table(("object", "lessons", "which"), rows)


def table_of_claims(claims: Mapping[str, Sequence[Claim]]) -> Table:
    """Lesson -> claims, as a row for each, with a link to the lesson that shows it."""
    rows = [(number, *claim) for number, of in claims.items() for claim in of]
    return Table(("notebook", "claim, in our words", "verdict", "what was seen"), rows)


def claims_of_papers(claims: Mapping[str, Sequence[Claim]]) -> dict[str, list[Claim]]:
    """The same without what is ours to ask."""
    return {
        number: [each for each in of if "(ours" not in each[0]] for number, of in claims.items()
    }


def count_verdicts(claims: Mapping[str, Sequence[Claim]]) -> dict[str, int]:
    """'confirmed', 'in part', 'not confirmed' and 'not testable here' -> how many claims."""
    words = ("confirmed", "in part", "not confirmed", "not testable here")
    verdicts = [verdict for of in claims.values() for _, verdict, _ in of]
    return {word: sum(verdict.startswith(word) for verdict in verdicts) for word in words}


def table_of_contests(contests: Sequence[Contest]) -> Table:
    """A row for each contest: the lead in standard errors, and what follows."""
    rows = [
        (each.number, each.side, each.rival, each.measured, f"{each.lead:+.1f}", each.outcome)
        for each in contests
    ]
    head = ("notebook", "side", "plain rival", "measured", "lead, standard errors", "it is")
    return Table(head, rows)


def table_of_bits(held: Sequence[Held]) -> Table:
    """A row for each lesson that measured bits: whole, local, what follows, and its price."""
    rows = [
        (each.number, each.what, f"{each.whole.mean():.2f}", f"{each.local.mean():.2f}",
         each.outcome, each.price)
        for each in held
    ]  # fmt: skip
    head = ("notebook", "local choice", "bits, whole", "bits, local", "local holds", "its price")
    return Table(head, rows)


def figure_contests(theirs: Sequence[Contest], masks: Sequence[Contest]) -> Captioned:
    """Shows who leads over the plain rival: the papers' sides, and masks."""
    sides = {"the paper's side": theirs, "a mask": masks}
    leads = {label: [each.lead for each in of] for label, of in sides.items()}
    ax = draw_leads(new_axes(width=8.5, height=4.8)[0], _named(theirs), leads, even=ERRORS)
    told = (
        f"{label} is {in_words(count_outcomes(each.outcome for each in of), 'd')}"
        for label, of in sides.items()
    )
    said = "; ".join(told)
    return Captioned(ax, f"Of {len(theirs)} lessons: {said}. Seeds: {_seeds([*theirs, *masks])}.")


def figure_bits(held: Sequence[Held]) -> Captioned:
    """Shows the bits that a whole and a local choice hold, a row for each lesson."""
    whole, local = ([getattr(each, of) for each in held] for of in ("whole", "local"))
    names = [f"{each.number}: {each.what}" for each in held]
    ax = draw_bits_held(new_axes(width=8.5, height=4)[0], names, whole, local)
    said = in_words(count_outcomes(each.outcome for each in held), "d")
    changes = ", ".join(
        f"{each.number} {each.whole.mean():.2f} to {each.local.mean():.2f}" for each in held
    )
    return Captioned(ax, f"Of {len(held)} lessons local holds: {said} bits. {changes}.")


def figure_verdicts(claims: Mapping[str, Sequence[Claim]]) -> Captioned:
    """Shows how many claims of each paper were confirmed, in part, not, or not testable."""
    of_papers = claims_of_papers(claims)
    counts = {number: count_verdicts({number: of}) for number, of in of_papers.items()}
    names = [f"{number} {BY_NUMBER[number].title}" for number in counts]
    ax = draw_verdicts(new_axes(width=8.5, height=4)[0], names, [*counts.values()])
    return Captioned(ax, f"Of all claims of papers: {in_words(count_verdicts(of_papers), 'd')}.")


def bills_in_words(bills: Mapping[str, Mapping[str, float]]) -> str:
    """What the records of each lesson took, a line each, and all of them."""
    counted = {name.replace("_", " "): name for name in COUNTED}
    total = {
        name: sum(bill[name] for bill in bills.values()) for name in next(iter(bills.values()))
    }
    lines = [
        f"{number}: {bill['runs']:,.0f} runs, "
        + ", ".join(f"{bill[name]:,.0f} {word}" for word, name in counted.items() if bill[name])
        + f"; {bill['seconds'] / 60:.1f} minutes"
        for number, bill in {**bills, "all": total}.items()
    ]
    return "\n".join(lines)


def _named(contests: Sequence[Contest]) -> list[str]:
    return [f"{each.number} {BY_NUMBER[each.number].title}" for each in contests]


def _seeds(contests: Sequence[Contest]) -> str:
    counts = [len(each.gaps) for each in contests]
    return f"{min(counts)} to {max(counts)}"
