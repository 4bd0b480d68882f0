// CPU time and memory of the page's process, from /proc.
import {readdirSync, readFileSync} from 'node:fs';

export interface Usage { readonly cpu: number; readonly megabytes: number }

/** Milliseconds and megabytes of the busiest renderer that this process has started. */
export function renderer(): Usage {
  let busiest: Usage = {cpu: 0, megabytes: 0};
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (!readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('--type=renderer') || !isOurs(+pid)) continue;
      const fields = stat(+pid), megabytes = +/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]! / 1024;
      const cpu = 10 * (+fields[11]! + +fields[12]!);
      if (cpu > busiest.cpu) busiest = {cpu, megabytes};
    } catch { /* gone meanwhile */ }
  }
  return busiest;
}

/** What follows the name in /proc/PID/stat. */
const stat = (pid: number): string[] => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ');

function isOurs(pid: number): boolean {
  for (let each = pid; each > 1; each = +stat(each)[1]!) if (each === process.pid) return true;
  return false;
}
