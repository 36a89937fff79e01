"""Verdicts on four claims about landscapes of `f_a`, each with the numbers that it stands on.

1. Accurate networks of fixed size are unstable.
2. Stable and accurate networks of variable size exist.
3. A search, or training, finds them.
4. Deeper minima are more robust.

The first has a part that is a theorem and a part that is measured. The last one is answered by replicates, as
`landscape.studies.answer` answers it for any data set; where the cue is large it is known beforehand to be false.
Claims are judged on training samples and again, where there are test samples, on both. Controls have no part in the
first three.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from landscape.properties.stripes.changes import least_wrong
from landscape.properties.stripes.columns import CERTIFIED_LEAST, STABLE, SWAYED, UNSTABLE
from landscape.statistics.pair_bootstrap import wilson
from landscape.studies.answer.effects import MARGIN
from landscape.studies.answer.replicates import DataSetAnswer
from landscape.studies.instability.landscapes import Networks, StripesLandscape
from landscape.studies.words import CORRELATION

SUPPORTED, CONTRADICTED, NOT_SUPPORTED, NO_DATA = "SUPPORTED", "CONTRADICTED", "NOT SUPPORTED", "not enough data"
CERTIFIED = 0.99  # share of the radius of f_a that the constructed network is to certify
SEARCH = "basin hopping"
PARTS = {False: "training samples", True: "training and validation samples"}


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The judgement of a claim, the samples it is about, and its reasons in one line."""

    claim: str
    samples: str
    word: str
    basis: str

    @property
    def line(self) -> str:
        """The verdict as a line of text."""
        return f"{self.claim} ({self.samples}): {self.word}; {self.basis}"


def verdicts(landscapes: Sequence[StripesLandscape], found: Sequence[DataSetAnswer]) -> Iterator[Verdict]:
    """The verdicts; `found` are the answers of those landscapes that are replicates."""
    for tested in PARTS:
        own = [one for one in landscapes if not one.is_control and (not tested or one.has_test)]
        if own or not tested:
            yield _fixed_size(own, tested=tested)
            yield _existence(own, tested=tested)
            yield from _training(own, tested=tested)
    yield from map(_depth, found)


def _fixed_size(landscapes: Sequence[StripesLandscape], *, tested: bool) -> Verdict:
    """Claim 1: of all accurate minima, none breaks the theorem, and in the median most samples are unstable."""
    fixed = [one for one in landscapes if one.is_fixed and len(one.minima)]
    breaches, unstable, swayed = 0, [], []
    for one in fixed:
        accurate = one.minima[one.minima.accuracy(tested=tested) == 1.0]
        parts = 1 + tested
        least = parts * one.options.copies * least_wrong(one.options.K - 1, one.most_changes)
        number = accurate.total(UNSTABLE.name, tested=tested)
        breaches += int((number < least).sum())
        unstable.append(number / (parts * one.samples))
        swayed.append(accurate.total(SWAYED.name, tested=tested) / (parts * one.samples))
    shares = np.concatenate([np.zeros(0), *unstable])
    if not len(shares):
        return _verdict("accurate networks of fixed size are unstable", NO_DATA, "no accurate minimum", tested=tested)
    median, twice = np.median(shares), np.median(np.concatenate(swayed))
    word = CONTRADICTED if breaches else SUPPORTED if median > 0.5 else NOT_SUPPORTED
    basis = (
        f"{len(shares)} accurate minima of {len(fixed)} landscapes, {breaches} against the theorem; the median share "
        f"of samples unstable at delta is {median:.2f} (asked: above 0.50), at twice delta {twice:.2f}"
    )
    return _verdict("accurate networks of fixed size are unstable", word, basis, tested=tested)


def _existence(landscapes: Sequence[StripesLandscape], *, tested: bool) -> Verdict:
    """Claim 2: the constructed networks certify the radius of f_a."""
    made = [Networks.of_one(one.constructed) for one in landscapes if one.constructed is not None]
    claim = "stable and accurate networks of variable size exist"
    if not made:
        return _verdict(claim, NO_DATA, "no landscape has a network of K - 1 units", tested=tested)
    least = min(
        float(one.columns[f"{part}{CERTIFIED_LEAST.name}"][0])
        for one in made
        for part in (("", "test_") if tested else ("",))
    )
    accurate = all(one.accuracy(tested=tested)[0] == 1.0 for one in made)
    word = SUPPORTED if accurate and least >= CERTIFIED else CONTRADICTED
    basis = f"{len(made)} constructed networks, the least certified share of the radius of f_a is {least:.4f}"
    return _verdict(claim, word, basis, tested=tested)


def _training(landscapes: Sequence[StripesLandscape], *, tested: bool) -> Iterator[Verdict]:
    """Claim 3: shares of quenches, and of networks of each regime, that are accurate and stable."""
    able = [one for one in landscapes if one.is_large]
    groups: dict[str, list[Networks]] = {SEARCH: [one.minima for one in able if len(one.minima)]}
    for one in able:
        for regime, networks in one.trained.items():
            if networks.has_test or not tested:
                groups.setdefault(f"training ({regime})", []).append(networks)
    for name, members in groups.items():
        trials = sum(int(one.hits.sum()) for one in members)
        if not trials:
            continue
        hits = sum(int(one.hits[one.stable(STABLE, tested=tested)].sum()) for one in members)
        without = sum(int(one.hits[(one.total(UNSTABLE.name, tested=tested) == 0.0)].sum()) for one in members)
        low, high = wilson(hits, trials)
        word = SUPPORTED if low > 0.5 else CONTRADICTED if high < 0.5 else NO_DATA
        basis = (
            f"{hits} of {trials} end in accurate networks with {STABLE:g} of the radius of f_a, a share of "
            f"{hits / trials:.3f} [{low:.3f}, {high:.3f}]; {without} have no sample that is unstable at delta"
        )
        if name == SEARCH:
            basis += "; descents of one walker are not independent, so the interval is too narrow"
        yield _verdict(f"{name} finds them", word, basis, tested=tested)


def _depth(found: DataSetAnswer) -> Verdict:
    """Claim 4, from the answer of replicates by the margin."""
    finding = next(one for one in found.findings if (one.direction, one.robustness) == ("deeper", MARGIN))
    words = {CORRELATION.more: SUPPORTED, CORRELATION.less: CONTRADICTED}
    total = finding.total
    basis = (
        f"{found.name}: {found.replicates} replicates, rho {total.mean:+.2f} [{total.low:+.2f}, {total.high:+.2f}]"
        f"{''.join(f'; missing: {reason}' for reason in found.missing)}"
    )
    return Verdict(
        claim="deeper minima are more robust",
        samples=PARTS[False],
        word=words.get(finding.words, finding.words),
        basis=basis,
    )


def _verdict(claim: str, word: str, basis: str, *, tested: bool) -> Verdict:
    return Verdict(claim=claim, samples=PARTS[tested], word=word, basis=basis)
