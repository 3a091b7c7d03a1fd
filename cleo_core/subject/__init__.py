"""A person whose text was learned from: found again by a keyed hash, and taken out of what comes later.

cleo subject trace -> identity: id to keyed hash -> trace: corpora, what was made of them, versions, when they served
cleo subject erase -> erase: a signed record (erasures) -> kept here, audit log, a tag of each version (marks)
next corpus, review, serving -> erasures, marks: who was erased, and what learned from them (index, in each bundle)
"""
