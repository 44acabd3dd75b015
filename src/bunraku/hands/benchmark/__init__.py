"""The dexterity benchmark: what a hand can reach, hold, press and turn, by one search for every hand.

`subject_from_spec` wraps a `HandSpec`, `bunraku.hands.benchmark.peers` wraps other people's models, and `run.compare`
scores them.
"""
