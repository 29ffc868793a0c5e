"use strict"

// Every Node since version 6 can read this file, so that an old one ends with a sentence and not with a syntax error.

const needed = require("../package.json").engines.node.replace(">=", "")

const numbersOf = (version) => version.replace(/^v/, "").split(".").slice(0, 3).map(Number.parseFloat)

const isOlder = (found) => {
  const wanted = numbersOf(needed)
  const given = numbersOf(found)
  const differing = [0, 1, 2].find((index) => given[index] !== wanted[index])
  return differing !== undefined && given[differing] < wanted[differing]
}

/** The sentence for a Node version that is too old, or undefined. */
const complaint = (found, remedy) =>
  isOlder(found)
    ? `Caisson needs Node ${needed} or newer, but this is Node ${found.replace(/^v/, "")}: ${remedy}.`
    : undefined

/** Ends the process with that sentence if its Node is too old. */
const requireNode = (remedy) => {
  const sentence = complaint(process.version, remedy)
  if (sentence === undefined) return
  console.error(sentence)
  process.exit(1)
}

module.exports = { complaint, requireNode }

if (require.main === module) {
  requireNode("run `npm ci` without --ignore-scripts, which puts a newer one into node_modules for the npm scripts")
}
