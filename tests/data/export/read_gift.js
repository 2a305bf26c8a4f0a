// What gift-pegjs (npm, MIT), a reader of GIFT that others maintain, finds in the GIFT on stdin, as JSON.
// To record anew: npm install gift-pegjs@1.0.2 somewhere, then
//   NODE_PATH=somewhere/node_modules node read_gift.js <sample.gift >sample.gift.json
const {parse} = require("gift-pegjs");
process.stdout.write(JSON.stringify(parse(require("fs").readFileSync(0, "utf8")), null, 1) + "\n");
