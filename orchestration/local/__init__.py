"""What runs on this machine beside a terminal: Dagster, MLflow and the API in the background, and `make run`.

cleo ui  -> ui: code server, webserver, daemon, MLflow -> services: start at once, wait until ready
make run -> demo: chain, approval, API, one question  -> services
cleo stop -> services: ask all to end, kill what is left
instance: Dagster's home and the variables under which it runs
"""
