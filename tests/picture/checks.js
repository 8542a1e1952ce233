// Runs checks of a page, and writes what they found into it, a line a check.
const checked = async checks => {
  const lines = [], errors = [];
  addEventListener('error', event => errors.push(event.message));
  const check = (what, fine) => lines.push(`${fine ? 'ok' : 'WRONG'} ${what}`);
  const one = selector => document.querySelector(selector);
  const all = selector => [...document.querySelectorAll(selector)];
  try {
    await checks({ check, one, all });
  } catch (error) {
    check(`${error} ${error.stack}`, false);
  }
  check(`no errors ${errors.join('; ')}`, errors.length === 0);
  const result = document.createElement('pre');
  result.id = 'checks';
  result.textContent = lines.join('\n');
  document.body.append(result);
};
