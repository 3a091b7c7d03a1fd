"""Ask the API one question from Python: `python examples/ask.py "What is a tuple?"`, with a token in CLEO_TOKEN.

export CLEO_TOKEN=$(cleo token --user you)
"""

import os
import sys

import httpx

QUERY = """
mutation Ask($text: String!) {
  ask(input: {text: $text}) {
    text
    provenance { replyId modelVersion bundleDigest approvedBy memories { id why } }
  }
}
"""


def main() -> None:
    question = " ".join(sys.argv[1:]) or "What does the Python function len do?"
    answer = httpx.post(
        os.environ.get("CLEO_API", "http://127.0.0.1:8000") + "/graphql",
        json={"query": QUERY, "variables": {"text": question}},
        headers={"Authorization": f"Bearer {os.environ['CLEO_TOKEN']}"},
        timeout=120,
    ).json()
    if "errors" in answer:
        sys.exit(answer["errors"][0]["message"])
    reply = answer["data"]["ask"]
    print(reply["text"])
    print("proof: cleo verify", reply["provenance"]["replyId"])


if __name__ == "__main__":
    main()
