// A mail server that takes everything at once and counts it, in a process of its own; as little as SMTP needs,
// so that it is not what is measured. Prints its port, then a line with the number taken each 100 ms, and the
// link of a mail that confirms an address.
//
//   node bench/lib/mailpeer.js
import net from "node:net";

let taken = 0;
const server = net.createServer((socket) => {
  let text = "", inData = false;
  const say = (line) => socket.write(`${line}\r\n`);
  socket.setNoDelay(true);
  socket.on("error", () => {});
  say("220 peer.example ESMTP");
  socket.on("data", (chunk) => {
    text += chunk.toString("latin1");
    for (;;) {
      if (inData) {
        const end = text.indexOf("\r\n.\r\n");
        if (end < 0) return;
        const at = text.indexOf("/confirm/");
        if (at >= 0 && at < end) // whoever measures has to sign somebody up
          console.log(`LINK ${text.slice(0, end).replace(/=\r\n/g, "").match(/\/confirm\/[\w.-]+/)[0]}`);
        text = text.slice(end + 5);
        inData = false;
        taken++;
        say(`250 2.0.0 Ok: queued as ${taken}`);
        continue;
      }
      const end = text.indexOf("\r\n");
      if (end < 0) return;
      const word = text.slice(0, 4).toUpperCase();
      text = text.slice(end + 2);
      if (word === "EHLO") say("250-peer.example\r\n250-PIPELINING\r\n250 8BITMIME");
      else if (word === "DATA") {
        inData = true;
        say("354 go on");
      } else if (word === "QUIT") socket.end("221 bye\r\n");
      else say("250 2.0.0 Ok");
    }
  });
});
server.listen(0, "127.0.0.1", () => console.log(`PORT ${server.address().port}`));
setInterval(() => console.log(`TAKEN ${taken}`), 100);
process.stdin.on("end", () => process.exit()).resume(); // with its parent
