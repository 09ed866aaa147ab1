"""How a process writes its log (the setting ``log_format``): lines for people, or an object a line.

The server, the API and the page begin with :func:`start_log`; :func:`log_as_json` is for when the
settings are read, and for the page when Streamlit and uvicorn have made their own handlers.
"""

import logging

_NOISY = ("websockets", "chromadb", "httpx", "sentence_transformers", "text2vec")


def start_log(level: int = logging.INFO) -> None:
    """Write what is logged to standard error, in lines with time and name."""
    logging.basicConfig(level=level, format="%(asctime)s %(name)s: %(message)s")
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def log_as_json() -> None:
    """Have all handlers there are write ``time``, ``level``, ``logger``, ``message``.

    And ``traceback`` where there is one.
    """
    from pythonjsonlogger.json import JsonFormatter

    names = {"asctime": "time", "levelname": "level", "name": "logger", "exc_info": "traceback"}
    fields = ("asctime", "levelname", "name", "message")
    formatter = JsonFormatter(fields, rename_fields=names, json_ensure_ascii=False)
    known = (logging.getLogger(name) for name in list(logging.root.manager.loggerDict))
    for logger in (logging.root, *known):
        for handler in logger.handlers:
            handler.setFormatter(formatter)
