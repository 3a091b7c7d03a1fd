"""Engines: `base` is the interface, `served` what the API talks to: a model in a child process.

    ProcessEngine (served)   turns of users (queue), stop strings (text), loops (repetition), errors
        EngineProcess (process)  <- socket ->  worker, in the child
                                                   LlamaCppBackend (llamacpp), TransformersBackend (transformers),
                                                   or VllmBackend (vllm)

`choice` says which of the three; `tokenizer` and `text` go from turns to tokens and back; `sampling` has parameters.
"""
