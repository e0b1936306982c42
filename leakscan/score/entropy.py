"""Shannon entropy, the gate before every score.

Part of the score stage. In: bytes. Out: bits per byte.
"""

import math
from collections import Counter


def shannon(data: bytes) -> float:
    """Return the Shannon entropy of data in bits per byte, 0.0 to 8.0. Empty data gives 0.0.

    Source: Shannon, A Mathematical Theory of Communication, 1948, section 6.
    """
    size = len(data)
    return -sum(n / size * math.log2(n / size) for n in Counter(data).values()) + 0.0
