// The peer's own ceiling: a client that knows nothing but one mail sends it over and over.
//
//   node bench/lib/mailclient.js PORT CONNECTIONS COUNT SIZE      prints mails a second
import net from "node:net";

const [port, connections, count, size] = process.argv.slice(2).map(Number);
const body = `Subject: Your code\r\n\r\n${"x".repeat(70)}\r\n`.padEnd(size, "0123456789abcdef\r\n");
let left = count, done = 0;
const startedAt = performance.now();

function connect() {
  const socket = net.connect(port, "127.0.0.1");
  const steps = ["EHLO bench\r\n", "MAIL FROM:<a@example.com>\r\n", "RCPT TO:<b@example.com>\r\n", "DATA\r\n", `${body}\r\n.\r\n`];
  let step = 0, got = "";
  socket.setNoDelay(true);
  socket.on("data", (chunk) => {
    got += chunk;
    if (!/^\d{3} .*\r\n$/m.test(got)) return;
    got = "";
    if (step === steps.length) {
      step = 1;
      done++;
      if (done === count) {
        console.log((count / ((performance.now() - startedAt) / 1000)).toFixed(0));
        process.exit();
      }
    }
    if (step === 1 && left-- <= 0) return void socket.end();
    socket.write(steps[step++]);
  });
}
for (let i = 0; i < connections; i++) connect();
