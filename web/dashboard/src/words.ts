// What metrics and values are called.

export const METRICS: Record<string, { title: string; about: string; lessIsBetter?: boolean }> = {
    visitors: { title: 'Visitors', about: 'Different visitors who let themselves be counted' },
    visits: { title: 'Visits', about: 'Runs of events without a silence of more than 30 minutes' },
    pageviews: { title: 'Page views', about: 'Pages that were opened' },
    views_per_visit: { title: 'Views per visit', about: 'Page views of the visits, divided by the visits' },
    bounce_rate: { title: 'Bounce rate', about: 'Share of visits with one page view at most and no click', lessIsBetter: true },
    visit_duration: { title: 'Visit duration', about: 'Mean time from the first event of a visit to its last' },
    coverage: { title: 'Coverage', about: 'Share of the events received that a choice let in: what the other figures can tell of' },
    events: { title: 'Events', about: 'Page views, clicks and your own events' },
    percentage: { title: 'Share', about: 'Of all visitors' },
    time_on_page: { title: 'Time on page', about: 'Time spent on the page, a visit' },
    scroll_depth: { title: 'Scroll depth', about: 'How far down visits saw the page' },
    conversion_rate: { title: 'Conversion', about: 'Of all visitors' },
    total_revenue: { title: 'Revenue', about: 'What these events were worth' },
    average_revenue: { title: 'Average', about: 'Revenue an event' },
};
export const metricTitle = (metric: string) => METRICS[metric]?.title ?? metric;

export const DIMENSIONS: [name: string, title: string][] = [
    ['event:page', 'Page'],
    ['event:hostname', 'Host'],
    ['visit:entry_page', 'Entry page'],
    ['visit:exit_page', 'Exit page'],
    ['visit:source', 'Source'],
    ['visit:channel', 'Channel'],
    ['visit:referrer', 'Referrer'],
    ['visit:utm_source', 'Campaign source'],
    ['visit:utm_medium', 'Campaign medium'],
    ['visit:utm_campaign', 'Campaign'],
    ['visit:utm_content', 'Campaign content'],
    ['visit:utm_term', 'Campaign term'],
    ['visit:country', 'Country'],
    ['visit:region_name', 'Region'],
    ['visit:city', 'City'],
    ['visit:device', 'Device'],
    ['visit:browser', 'Browser'],
    ['visit:browser_version', 'Browser version'],
    ['visit:os', 'System'],
    ['visit:os_version', 'System version'],
    ['visit:language', 'Language'],
    ['visit:screen', 'Screen'],
    ['event:goal', 'Goal'],
    ['event:name', 'Event'],
    ['event:target', 'Click'],
    ['visit:bot', 'Program'],
];
export const dimensionTitle = (name: string) =>
    DIMENSIONS.find(([dimension]) => dimension == name)?.[1] ?? name.replace(/^event:props:/, 'Property ');

// Made when the first name is wanted: browsers take their time over it.
const names: Partial<Record<Intl.DisplayNamesType, Intl.DisplayNames>> = {};
function named(type: Intl.DisplayNamesType, code: string) {
    try {
        return (names[type] ??= new Intl.DisplayNames('en', { type })).of(code) ?? code;
    } catch {
        return code; // none that the browser knows, or none at all
    }
}
export const country = (code: string) => (/^[A-Z]{2}$/.test(code) ? named('region', code) : code);
export const language = (code: string) => (/^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$/.test(code) ? named('language', code) : code);

const EMPTY: Record<string, string> = {
    'visit:source': 'Direct or unknown',
    'visit:channel': 'Direct or unknown',
    'visit:referrer': 'Direct or unknown',
    'visit:utm_campaign': 'No campaign',
    'event:page': '(no page)',
    'event:target': '(no name)',
};
const BOTS: Record<string, string> = {
    agent: 'Says that it is one',
    automation: 'A browser driven by a program',
    headers: 'Headers that no browser sends',
    crowd: 'One of many alike from one network',
    speed: 'Faster than people are',
};
const asWords = (value: string) => (value.charAt(0).toUpperCase() + value.slice(1)).replace(/_/g, ' ');

// A value as people call it. Filters take what the API calls it.
export function valueTitle(dimension: string, value: string) {
    if (value == '' || value == 'none') return EMPTY[dimension] ?? (value ? 'None' : '(unknown)');
    if (dimension == 'visit:country') return country(value);
    if (dimension == 'visit:language') return language(value);
    if (dimension == 'visit:bot') return BOTS[value] ?? value;
    return dimension == 'visit:channel' || dimension == 'visit:device' ? asWords(value) : value;
}
