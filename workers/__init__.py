"""Workers: the job contract shared with the API (`workers.contract`), media in and out, and the warm worker process."""

from workers.contract.keys import tag_rq

tag_rq()
