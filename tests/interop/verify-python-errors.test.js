// Every documented refusal once more, by Debian's python3-twilio, unmodified.
process.env.VERIFY_SDK = "python";
await import("../api/verify_errors.test.js");
