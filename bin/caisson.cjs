#!/usr/bin/env node
"use strict"

require("./require-node.cjs").requireNode("install a newer one from https://nodejs.org and run caisson with that")
import("../dist/cli/bin.js")
