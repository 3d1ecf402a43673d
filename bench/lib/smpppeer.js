// A carrier by npm `smpp` that takes everything, with the same words as `smpp_bench sink`:
//
//   node bench/lib/smpppeer.js PORT      prints the port, then for each line how many messages came and when, by the clock
//                                        in ms, the first and the last of them did; "again" counts anew
import { createInterface } from "node:readline";
import smpp from "smpp";

let figures = { count: 0, first: 0, last: 0 };
const server = smpp.createServer((session) => {
  session.socket.setNoDelay(true);
  session.on("error", () => {});
  session.on("bind_transceiver", (pdu) => session.send(pdu.response()));
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("submit_sm", (pdu) => {
    session.send(pdu.response({ message_id: "0123456789" }));
    figures.last = Date.now();
    if (!figures.count++) figures.first = figures.last;
  });
});
server.listen(Number(process.argv[2]), "127.0.0.1", () => console.log(server.address().port));
createInterface({ input: process.stdin }).on("line", (line) => {
  console.log(figures.count, figures.first, figures.last);
  if (line === "again") figures = { count: 0, first: 0, last: 0 };
}).on("close", () => process.exit()); // with its parent
