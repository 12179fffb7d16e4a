"""Studies: a grid of datasets, models, data fractions and seeds, and the tables that come of it."""
