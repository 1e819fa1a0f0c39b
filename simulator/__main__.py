"""`python -m simulator --port 8900`: both vendors on one loopback port."""

import argparse
import gc
from pathlib import Path

import uvicorn

from simulator.app import ACCOUNT_SID, AUTH_TOKEN, MODEL_KEY, Credentials, Simulator


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m simulator", description="Twilio and OpenAI, played at the wire.")
    parser.add_argument("--port", type=int, default=8900)
    parser.add_argument("--account", default=ACCOUNT_SID, help="Twilio account SID to accept")
    parser.add_argument("--token", default=AUTH_TOKEN, help="Twilio auth token: REST password and signing key")
    parser.add_argument("--model-key", default=MODEL_KEY, help="OpenAI key to accept")
    parser.add_argument(
        "--knows", type=Path, help="a folder of sounds that people know: NAME.ulaw, its words in NAME.txt"
    )
    options = parser.parse_args()
    print(f"TWILIO_BASE_URL=http://127.0.0.1:{options.port}")
    print(f"TWILIO_ACCOUNT_SID={options.account}")
    print(f"TWILIO_AUTH_TOKEN={options.token}")
    print(f"OPENAI_REALTIME_URL=ws://127.0.0.1:{options.port}/v1/realtime")
    print(f"OPENAI_API_KEY={options.model_key}", flush=True)
    simulator = Simulator(Credentials(options.account, options.token, options.model_key))
    if options.knows:
        simulator.book.learn_folder(options.knows)
    # Its books only grow, and a look through all of them, some hundred ms, would be a pause of both vendors. What is
    # young is collected as ever.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 1_000_000)
    uvicorn.run(
        simulator,
        host="127.0.0.1",
        port=options.port,
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=3,
    )


if __name__ == "__main__":
    main()
