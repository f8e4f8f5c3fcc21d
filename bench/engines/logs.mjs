// goaccess and logswan, which read a log and keep nothing: the whole run is load and answer. A page view is a line here,
// and a visitor an address.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { rounded } from '../lib/figures.mjs';
import { pinned, run } from './process.mjs';

export async function readLogs(log, folder) {
    const report = join(folder, 'goaccess.json');
    const options = ['--no-global-config', '--no-progress', '--log-format=COMBINED', '-o', report];
    const goaccess = await run(...pinned('goaccess', [log, ...options]));
    const { general } = JSON.parse(readFileSync(report, 'utf8'));
    const logswan = await run(...pinned('logswan', [log]));
    const { hits, visits } = JSON.parse(logswan.stdout);
    const figures = ({ seconds, peak_mb }) => ({ load_s: rounded(seconds), peak_mb: rounded(peak_mb, 1) });
    return {
        goaccess: { ...figures(goaccess), pageviews: general.total_requests, visitors_by_day: general.unique_visitors },
        logswan: { ...figures(logswan), pageviews: hits.total, visitors: visits.total },
    };
}
