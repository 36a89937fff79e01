"""The words for a combined effect, which come from its intervals alone, never from counts of tests."""

from landscape.statistics.random_effects import Combined

NO_RELATION = 0.1  # correlations up to this are none
VARIES = 0.3  # what further landscapes may reach on both sides where the relation varies
LEAST_REPLICATES = 10

MORE, LESS, NONE, VARYING, TOO_LITTLE = "more robust", "less robust", "no relation", "varies", "not enough data"


def words_for(effect: Combined, missing: bool) -> str:
    """The words for an effect on the scale of correlations; `missing` says that something is, whatever it shows."""
    if missing or not effect.low <= effect.high:
        return TOO_LITTLE
    if effect.low > NO_RELATION:
        return MORE
    if effect.high < -NO_RELATION:
        return LESS
    if effect.low >= -NO_RELATION and effect.high <= NO_RELATION:
        return NONE
    if effect.low < 0.0 < effect.high and effect.predicted_low < -VARIES and effect.predicted_high > VARIES:
        return VARYING
    return TOO_LITTLE
