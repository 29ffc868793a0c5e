import * as JournalMemory from "../../src/session/journal/JournalMemory.ts"
import * as JournalContract from "../contract/JournalContract.ts"

JournalContract.suite("memory", JournalMemory.layer)
