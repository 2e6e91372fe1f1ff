"""Runs GPTCache over streams of prompts, through its own interface. Started by `benchmarks.gptcache` with the Python of
an environment of its own; it imports nothing of ours.

    python gptcache_driver.py < job.json > result.json

The job: `texts` and the file `vectors` (.npy, one row per text), in order of arrival, and `runs`, each with
`similarity_threshold` and `max_size`. The result, per run: for each request the number of the earlier request whose
answer was served (-1: a miss, which is then stored), and the milliseconds of each look-up and each store.
"""

import json
import os
import sys
import tempfile
import time


def run(texts, vectors, similarity_threshold, max_size, folder):
    # Imported here: the package writes files into the working directory.
    from gptcache import Cache, Config
    from gptcache.adapter.api import get, put
    from gptcache.manager import CacheBase, VectorBase, get_data_manager
    from gptcache.processor.pre import get_prompt
    from gptcache.similarity_evaluation import SearchDistanceEvaluation

    rows = {text: number for number, text in enumerate(texts)}
    cache = Cache()
    cache.init(
        pre_embedding_func=get_prompt,
        embedding_func=lambda text, **_: vectors[rows[text]],
        data_manager=get_data_manager(
            CacheBase("sqlite", sql_url=f"sqlite:///{folder}/sqlite.db"),
            VectorBase("faiss", dimension=vectors.shape[1], index_path=f"{folder}/faiss.index"),
            max_size=max_size,
        ),
        similarity_evaluation=SearchDistanceEvaluation(),
        config=Config(similarity_threshold=similarity_threshold),
    )
    served, lookup_ms, store_ms = [], [], []
    for number, text in enumerate(texts):
        start = time.perf_counter()
        answer = get(text, cache_obj=cache)
        lookup_ms.append(1000 * (time.perf_counter() - start))
        served.append(-1 if answer is None else int(answer))
        if answer is None:
            start = time.perf_counter()
            put(text, str(number), cache_obj=cache)
            store_ms.append(1000 * (time.perf_counter() - start))
    return {"served": served, "lookup_ms": lookup_ms, "store_ms": store_ms}


def main():
    import numpy as np

    job = json.load(sys.stdin)
    vectors = np.load(job["vectors"], allow_pickle=False)
    # GPTCache prints to stdout at times; the result must stay alone there.
    result = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    found = []
    for asked in job["runs"]:
        with tempfile.TemporaryDirectory(prefix="gptcache-run-") as folder:
            os.chdir(folder)
            found.append(run(job["texts"], vectors, asked["similarity_threshold"], asked["max_size"], folder))
            os.chdir("/")
    json.dump(found, result)
    result.close()
    # Its exit hooks would write into folders that are gone.
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
