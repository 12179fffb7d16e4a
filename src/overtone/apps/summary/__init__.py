"""From scored texts to populations: how common each label is, by group and over time.

`summarise` is what one calls. It reads what `overtone score` wrote, in memory that doesn't grow
with the rows.
"""
