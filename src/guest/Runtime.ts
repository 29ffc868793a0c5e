/**
 * Settings of Go for the programs of a guest that are Caisson's own: no signals to themselves and no looks at their processors. A guest
 * that goes on from a snapshot runs every instruction for the first time, in software that translates it first, and is waited for.
 */
export const runtimeSettings = "asyncpreemptoff=1,updatemaxprocs=0"
