"""Words of the field that a page explains, in plain words."""

GLOSSARY = {
    "minimum": "A setting of all weights from which every small change raises the energy.",
    "energy": "The function whose minima are sought: for a network the mean loss over the training samples plus l2 "
    "times the sum of all squared weights.",
    "transition state": "The highest point of the easiest pass between two minima: downhill on two sides, uphill "
    "otherwise.",
    "degenerate rearrangement": "A pass between two symmetric copies of one minimum.",
    "disconnectivity tree": "A picture of all barriers: a line ends at each minimum, and two lines meet at the lowest "
    "energy at which the two minima are known to be connected.",
    "superbasin": "A set of minima that can reach each other without rising above some energy.",
    "way out": "The path to the lowest minimum whose highest point is as low as possible.",
    "barrier": "The climb from a minimum to the highest point of a path. Known barriers are upper bounds.",
    "basin-hopping": "A search for minima: descend, change the network, descend again, and accept or refuse.",
    "hits": "The number of descents of basin-hopping that ended in this minimum.",
    "copies": "The number of networks that compute the same from exchanged hidden units or flipped signs. "
    "They count as one minimum.",
    "epsilon": "The largest change of each input that an attack may make, in units of the inputs.",
    "robustness": "The ability to keep the right answer when inputs are changed on purpose.",
    "certified": "Proven for every change up to epsilon, not only for the attacks that were tried.",
    "flatness": "The slowness with which the energy rises around a minimum.",
    "temperature": "An energy that sets how far a random walk climbs. At low temperature the walk stays in the lowest "
    "minimum.",
    "occupation": "The probability of finding a random walk at some temperature in this minimum, in the harmonic "
    "approximation.",
    "heat capacity": "The growth of the mean energy with temperature. A peak shows where the walk leaves one set of "
    "minima for another.",
    "aligned distance": "The Euclidean distance between two networks after the best exchange of hidden units and "
    "signs.",
    "rank correlation": "A number from \N{MINUS SIGN}1 to 1: 1 if two properties order the minima alike, "
    "\N{MINUS SIGN}1 if they order them the other way round.",
}
"""Meanings by term."""
