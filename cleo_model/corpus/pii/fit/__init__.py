"""The recipe of the token classifier that ships: `python -m cleo_model.corpus.pii.fit` makes its weights again.

forms/*.yaml + slots.yaml   sentences and documents with slots: what is personal data in them is known
  → values, fill, noise     slots filled with names, addresses and numbers of the world; typos, lost case
  → negatives               real prose, documentation and code, where next to nothing is
  → base, train             Rampart's weights, widened to our labels and to case, fine-tuned
  → export, calibrate       ONNX in 8 bits and a threshold for each type, with attribution and digests
"""
