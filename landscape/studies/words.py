"""The words in which a combined effect is stated. They follow from its intervals alone, never from counts of tests."""

from dataclasses import dataclass

from landscape.statistics.random_effects import Combined

LEAST_REPLICATES = 10
VARIES = 3.0  # times `negligible`: an effect varies if further replicates may exceed this on both sides of zero
VARYING, TOO_LITTLE = "varies", "not enough data"


@dataclass(frozen=True, kw_only=True)
class Scale:
    """The words for an effect above zero, below zero and for no effect, and the largest size that counts as none."""

    more: str
    less: str
    none: str
    negligible: float


CORRELATION = Scale(more="more robust", less="less robust", none="no relation", negligible=0.1)
GENERALISATION = Scale(
    more="generalise better", less="generalise worse", none="no relation", negligible=CORRELATION.negligible
)


def words_for(effect: Combined, scale: Scale, *, missing: bool, least: int = LEAST_REPLICATES) -> str:
    """The words for an effect; "not enough data" with fewer than `least` replicates, or if something else is `missing`,
    whatever the interval shows.
    """
    if missing or effect.replicates < least or not effect.low <= effect.high:
        return TOO_LITTLE
    none = scale.negligible
    if effect.low > none:
        return scale.more
    if effect.high < -none:
        return scale.less
    if effect.low >= -none and effect.high <= none:
        return scale.none
    if effect.low < 0.0 < effect.high and effect.predicted_low < -VARIES * none < VARIES * none < effect.predicted_high:
        return VARYING
    return TOO_LITTLE
