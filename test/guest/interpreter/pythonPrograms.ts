import type { Programs } from "../../contract/machine/Programs.ts"

/** The programs of the machine contract in Python. */
export const pythonPrograms: Programs = {
  relay: `tools.ask(amount=5, to="eve")`,
  sequence: `
total = tools.ask("add", 3, 4)
tools.ask("multiply", total, 5)`,
  all: `
import asyncio
await asyncio.gather(aio.ask("a"), aio.ask("b"), aio.ask("c"))`,
  settled: `
import asyncio
from caisson import ToolError

async def settle(name):
    try:
        return await aio.ask(name)
    except ToolError as error:
        return str(error)

await asyncio.gather(*map(settle, "abc"))`,
  race: `
import asyncio

async def race(*calls):
    winners, losers = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    for loser in losers:
        loser.cancel()
    return winners.pop().result()

await race(aio.ask("slow"), aio.ask("fast"))`,
  raceThenAsk: `
import asyncio

async def race(*calls):
    winners, losers = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
    for loser in losers:
        loser.cancel()
    return winners.pop().result()

[await race(aio.ask("slow"), aio.ask("fast")), await aio.ask("next")]`,
  timeout: `
import asyncio
try:
    result = await asyncio.wait_for(aio.ask("slow"), 1)
except TimeoutError:
    result = "late"
result`,
  clock: `
import caisson
before = caisson.now()
caisson.sleep(5)
[round(before * 1000), round(caisson.now() * 1000)]`,
  unawaited: `
aio.ask("a")
5`,
  print: `
import sys
print("one")
print("two", file=sys.stderr)
tools.ask()
print("three")
4`,
  catches: `
from caisson import ToolError
try:
    result = tools.ask()
except ToolError as error:
    result = f"caught {error.name}: {error}"
result`,
  throws: `raise TypeError("bad thing")`,
  remember: `kept = 41`,
  recall: `kept + 1`,
  visit: `
visits = globals().get("visits", 0) + 1
[visits, tools.ask()]`,
  branches: `
import asyncio
notes = []

async def branch(name):
    notes.append(await aio.ask(name))
    notes.append(await aio.ask("next"))

await asyncio.gather(branch("a"), branch("b"))
notes`,
  guarded: `
try:
    result = tools.ask()
except Exception:
    result = "swallowed"
finally:
    pass
result`,
  fifty: `
import asyncio
await asyncio.gather(*[aio.ask(number) for number in range(50)])`,
  loop: `sum(tools.ask(number) for number in range(10))`,
  random: `
import random
[random.random() for _ in range(3)]`,
  spin: `
print("spinning")
while True:
    pass`,
  askThenSpin: `
tools.ask()
print("spinning")
while True:
    pass`,
  stall: `
import asyncio
await asyncio.get_running_loop().create_future()`
}
