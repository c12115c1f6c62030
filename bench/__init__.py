"""Side-by-side measurements of Penstock and other gateways; see docs/benchmarks.md.

Nothing here is part of the product, and the product imports nothing from here.
"""
