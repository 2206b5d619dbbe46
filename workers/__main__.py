"""`python -m workers`: one warm worker, configured by PORTRAIT_… variables."""

# The decoder's child process imports this module again, so everything heavy is imported below.
if __name__ == "__main__":
    import argparse

    import models.runtime

    models.runtime.prepare_libraries()  # before any of them is loaded, by whomever

    argparse.ArgumentParser(
        prog="python -m workers",
        description="Run one worker: it loads the models once, then takes jobs from Redis until SIGINT or SIGTERM.",
        epilog="It takes no arguments. docs/settings.md lists its settings, PORTRAIT_… variables of the environment.",
    ).parse_args()

    import sys

    from workers.contract.errors import CredentialsError, MissingPackageError
    from workers.contract.settings import Settings
    from workers.process import serve

    try:
        sys.exit(serve(Settings()))
    except (CredentialsError, MissingPackageError) as error:
        sys.exit(str(error))
