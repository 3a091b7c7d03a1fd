"""The errors of cleo_model.

CleoError
├── InputError
│   ├── CorpusError
│   │   ├── SourceError               a source is declared wrongly, empty, or cannot be read
│   │   │   ├── UndecodableText       bytes that are not UTF-8, by file and offset
│   │   │   ├── MalformedRecord       a line or row that is not a record, by file and line
│   │   │   ├── UnsafePath            a link or a path that leaves the source's folder
│   │   │   └── RefusedLicence        text under a licence that it may not be trained on
│   │   └── EmptyCorpus               nothing is left to train on
│   ├── ModelError                    (cleo_core), with UnsafeWeights and UnusableModel
│   │   └── UnsupportedArchitecture   a model that a mixture of experts, or a GGUF, cannot express exactly
│   ├── RecipeError                   a recipe is unknown, or its numbers contradict each other
│   ├── DoesNotFit                    a run needs more memory than the machines have
│   ├── OtherRun                      an unfinished or finished run in this folder has another recipe, model or text
│   ├── CheckFailed                   a stage's result does not hold what a check of it promises
│   └── UnavailableSource             (cleo_core) a data set or a model cannot be reached
├── BusyError
│   └── TrainerRunning                another trainer works in this folder
└── EnvironmentFault
    ├── LlamaCppFailed                llama.cpp is not here, crashed, or took too long
    ├── WorkerFailed                  a worker process of the corpus ended before its work was done
    └── TrainingFailed                a rank of the trainer ended with an error, or the loss is not a number
"""

from __future__ import annotations

from cleo_core.errors import BusyError, EnvironmentFault, InputError, ModelError


class CorpusError(InputError, code="CORPUS"): ...


class SourceError(CorpusError, code="SOURCE"): ...


class UndecodableText(SourceError, code="UNDECODABLE_TEXT"): ...


class MalformedRecord(SourceError, code="MALFORMED_RECORD"): ...


class UnsafePath(SourceError, code="UNSAFE_PATH"): ...


class RefusedLicence(SourceError, code="REFUSED_LICENCE"): ...


class EmptyCorpus(CorpusError, code="EMPTY_CORPUS"): ...


class WorkerFailed(EnvironmentFault, code="WORKER_FAILED"): ...


class LlamaCppFailed(EnvironmentFault, code="LLAMA_CPP"): ...


class UnsupportedArchitecture(ModelError, code="UNSUPPORTED_ARCHITECTURE"): ...


class RecipeError(InputError, code="RECIPE"): ...


class DoesNotFit(InputError, code="DOES_NOT_FIT"): ...


class OtherRun(InputError, code="OTHER_RUN"): ...


class CheckFailed(InputError, code="CHECK_FAILED"): ...


class TrainerRunning(BusyError, code="TRAINER_RUNNING"): ...


class TrainingFailed(EnvironmentFault, code="TRAINING_FAILED"): ...
