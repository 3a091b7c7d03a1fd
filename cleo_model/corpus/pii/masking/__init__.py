"""From what was found to text without it, in time that grows with the text and with nothing else.

    shards + finds ──survey──> vocabulary: which values occur, as hashes ──replace──> masked pieces, in order
                               (names, and values that are replaced wherever they stand)

`repeats` finds a known value again in one pass over a text, however many values there are. `replace` does it in the way
the source wants: by surrogates, by placeholders, or by dropping the record. `steps` are the two steps as workers run
them; whatever their number, each record's result depends on its text, its finds and the vocabulary alone.
"""
