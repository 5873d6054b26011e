# what tests builds and tests: see tests/fuzz/README for the pattern of a fuzz target
EXTRA_DIST += tests/fuzz/README tests/fuzz/corpus tests/rules_tested.py
