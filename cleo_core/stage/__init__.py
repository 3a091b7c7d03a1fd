"""Stages: what a pipeline is made of.

declaration: Stage(name, inputs, settings, build, checks)  ->  fingerprint  ->  execution: a folder, made once
code: the version of the code behind `build`, part of the fingerprint
"""
