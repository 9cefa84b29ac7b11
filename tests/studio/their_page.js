// What a page of somebody else tries on Studio's address; says of each try what it could read.
async (url) => {
  const tried = {};
  const body = JSON.stringify({ template: 'evaluate_model', name: 'theirs' });
  const json = { 'content-type': 'application/json', 'x-sygra-eval': '1' };
  const read = async (name, path, init) => {
    try {
      const got = await fetch(url + path, { credentials: 'include', ...init });
      tried[name] = `read: ${await got.text()}`;
    } catch {
      tried[name] = 'refused';
    }
  };
  const ended = async (name, made, good, bad) => {
    tried[name] = await new Promise((done) => {
      made[good] = () => done('loaded');
      made[bad] = () => done('refused');
    });
  };
  const put = (tag, more) => document.body.appendChild(Object.assign(document.createElement(tag), more));

  await read('fetch', '/api/version', {});
  await read('simple post', '/api/suites', { method: 'POST', mode: 'no-cors', body });
  await read('json post', '/api/suites', { method: 'POST', headers: json, body });
  await read('put key', '/api/secrets/A_KEY', { method: 'PUT', headers: json, body: '{"value": "x"}' });
  await ended('img', put('img', { src: `${url}/favicon.svg` }), 'onload', 'onerror');
  await ended('script', put('script', { src: `${url}/assets/index.js` }), 'onload', 'onerror');
  const events = new EventSource(`${url}/api/events?topics=run`, { withCredentials: true });
  await ended('events', events, 'onopen', 'onerror');
  await ended('socket', new WebSocket(`${url.replace('http', 'ws')}/api/events`), 'onopen', 'onerror');

  const frame = put('iframe', {});
  await new Promise((done) => Object.assign(frame, { onload: done, src: `${url}/` }));
  tried.iframe = frame.contentDocument === null ? 'refused' : 'read';

  const inner = put('iframe', { name: 'inner' });
  const form = { target: 'inner', method: 'POST', action: `${url}/api/suites`, enctype: 'text/plain' };
  const filled = put('form', form);
  await new Promise((done) => {
    inner.onload = done;
    filled.submit();
  });
  return tried;
}
