"""``python -m bench.judge``: the acceptance figures of the judgement, on simulated releases with fixed seeds.

Every release goes look by look through the public functions of ``controller.core.analysis``; the same looks go to a
gate with a fixed threshold, for comparison. The standard library's generator is enough: a release is some 100 looks of
two binomial counts, so that drawing them costs less than judging them, and numpy would be one more dependency.
"""
