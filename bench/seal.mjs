// script/bench seal: what sealing costs on one core, phase by phase, and the bytes of an event in its segment.
//
// 1,000,000 events are generated and loaded into a store whose days stay open; build/bench/seal then takes each day from
// its journal to its segment's bytes, five times (--quick: three), and tells the median in CPU of its one thread. Days of
// different sizes: the same events over 14 days, and on one day.
import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, quick, row, write } from './lib/figures.mjs';
import { pinned } from './engines/process.mjs';

const EVENTS = 1_000_000;
const ROUNDS = quick ? 3 : 5;

function measure(folder, days) {
    const csv = join(folder, `hits-${days}.csv`), config = join(folder, `crumb-${days}.yaml`);
    const file = openSync(csv, 'w');
    execFileSync(join(build, 'bench/generate'), ['--events', String(EVENTS), '--days', String(days)],
        { stdio: ['ignore', file, 'inherit'] });
    closeSync(file);
    writeFileSync(
        config,
        `data: ${folder}/data-${days}
listen: {public: 127.0.0.1:0, private: 127.0.0.1:0}
sites:
  shop:
    origins: [https://shop.example]
    timezone: Europe/Berlin
    controller: {name: Example Shop, contact: privacy@shop.example}
    purposes: {analytics: {collects: [log, device]}, journeys: {collects: [clickpath]}}
`);
    execFileSync(join(build, 'bench/load'), ['-c', config, '--site', 'shop', '--no-seal', csv], { stdio: 'ignore' });
    rmSync(csv);
    const args = ['-c', config, '--site', 'shop', '--rounds', String(ROUNDS)];
    return JSON.parse(execFileSync(...pinned(join(build, 'bench/seal'), args), { encoding: 'utf8' }));
}

const folder = mkdtempSync(join(process.env.BENCH_FOLDER ?? build, 'seal-'));
const result = { quick, date: new Date().toISOString(), rounds: ROUNDS, days: {} };
try {
    for (const days of [14, 1]) result.days[days] = measure(folder, days);
} finally {
    rmSync(folder, { recursive: true, force: true });
}
result.seal_events_per_s = result.days[14].events_per_s;
result.bytes_per_event = result.days[14].bytes_per_event;
write('seal', result);
row(['days', 'events/s/core', 'of days held', 'gather ns', 'tabulate ns', 'encode ns', 'bytes/event'], 15);
for (const [days, f] of Object.entries(result.days))
    row([days, f.events_per_s, f.held_events_per_s, f.gather_ns, f.tabulate_ns, f.encode_ns, f.bytes_per_event], 15);
