"""`python -m workers`: one warm worker, configured by PORTRAIT_… variables."""

# The decoder's child process imports this module again, so everything heavy is imported below.
if __name__ == "__main__":
    import models.runtime

    models.runtime.prepare_libraries()  # before any of them is loaded, by whomever

    import logging
    import sys

    from workers.contract.settings import Settings
    from workers.process import serve

    settings = Settings()
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    sys.exit(serve(settings))
