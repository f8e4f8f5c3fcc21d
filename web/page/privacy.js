// The privacy page without loading it anew: its forms are sent as they are, and what comes back takes the page's place.
// It is read by the browser's own parser as a document whose scripts never run, so nothing here makes HTML out of text.
(() => {
    'use strict';
    const WAIT_MS = 30_000;
    const AGAIN_MS = 2_000; // while a right is being worked off
    const main = () => document.querySelector('main');
    let waiting;

    function tell(text) {
        const said = document.createElement('p');
        said.className = 'said bad';
        said.tabIndex = -1;
        said.setAttribute('role', 'alert');
        said.textContent = text;
        main().querySelector('.said')?.remove();
        main().querySelector('h1').after(said);
        said.focus();
    }

    // @quiet: nobody asked for it, so it takes no focus and leaves the address alone.
    function load(address, body, quiet) {
        const request = new XMLHttpRequest();
        clearTimeout(waiting);
        request.open(body ? 'POST' : 'GET', address);
        request.responseType = 'document';
        request.timeout = WAIT_MS;
        main().setAttribute('aria-busy', 'true');
        request.onloadend = () => {
            const fresh = request.response?.querySelector('main');
            main().removeAttribute('aria-busy');
            if (!fresh) return quiet || tell(main().dataset.failed);
            main().replaceWith(document.adoptNode(fresh));
            document.title = request.response.title;
            if (!quiet && request.responseURL !== location.href) history.pushState(null, '', request.responseURL);
            if (!quiet || fresh.querySelector('#receipt:not([data-wait])')) fresh.querySelector('[tabindex="-1"]')?.focus();
            watch();
        };
        if (body) request.setRequestHeader('Content-Type', 'application/x-www-form-urlencoded');
        request.send(body);
    }

    function watch() {
        if (document.querySelector('[data-wait]')) waiting = setTimeout(() => load(location.href, undefined, true), AGAIN_MS);
    }

    addEventListener('submit', (event) => {
        const form = event.target;
        const fields = new URLSearchParams(new FormData(form));
        const address = new URL(form.getAttribute('action'), location.href);
        event.preventDefault();
        if (main().getAttribute('aria-busy')) return;
        if (event.submitter?.name) fields.append(event.submitter.name, event.submitter.value);
        if (form.getAttribute('method') === 'post') return load(address.href, fields.toString());
        address.search = fields.toString();
        load(address.href);
    });
    addEventListener('popstate', () => location.reload());
    watch();
})();
