/** Requests to the server. A failure is an ApiError, whose message is the server's own sentence. */

const NO_ANSWER = "The server does not answer. Is moodrec serve running?";
/** What a proxy answers in the place of a server that is away, in words of its own. */
const AWAY = [502, 503, 504];

export class ApiError extends Error {
  /** @param {string} message @param {number} status 0 where the server cannot be reached */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/**
 * @param {string} path below /v1
 * @param {{body?: object, params?: Record<string, unknown>, signal?: AbortSignal, method?: string}} [options]
 * @returns {Promise<Response>}
 */
export async function request(path, { body, params, signal, method } = {}) {
  const address = new URL(`v1/${path}`, document.baseURI);
  for (const [name, value] of Object.entries(params ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== "") address.searchParams.append(name, String(one));
    }
  }
  const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
  let answer;
  try {
    answer = await fetch(address, { method: method ?? (body === undefined ? "GET" : "POST"), signal, ...sent });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(NO_ANSWER, 0);
  }
  if (!answer.ok) throw await faultOf(answer);
  return answer;
}

/** @returns {Promise<any>} */
export const json = async (path, options) => (await request(path, options)).json();

/** @returns {Promise<ArrayBuffer>} */
export const block = async (path, options) => (await request(path, options)).arrayBuffer();

/** Send a file to be analysed; nothing of it is kept there. @param {File} file */
export async function analyse(file) {
  const form = new FormData();
  form.append("file", file, file.name);
  let answer;
  try {
    answer = await fetch(new URL("v1/analyze", document.baseURI), { method: "POST", body: form });
  } catch {
    throw new ApiError(NO_ANSWER, 0);
  }
  if (!answer.ok) throw await faultOf(answer);
  return answer.json();
}

/** Begin a session with a token, where the server wants one. @param {string} token */
export async function signIn(token) {
  const answer = await fetch(new URL("v1/session", document.baseURI), {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
  });
  if (!answer.ok) throw await faultOf(answer);
}

/** @param {string} trackId @param {boolean} [decoded] whether the server decodes the file, for formats that the browser cannot play */
export const audioOf = (trackId, decoded = false) => new URL(`v1/tracks/${encodeURIComponent(trackId)}/audio${decoded ? "?form=wav" : ""}`, document.baseURI).href;

/** @param {Response} answer @returns {Promise<ApiError>} */
async function faultOf(answer) {
  const { status, statusText } = answer;
  try {
    const problem = await answer.json();
    return new ApiError(problem.detail ?? problem.title ?? statusText, status);
  } catch {
    return AWAY.includes(status) ? new ApiError(NO_ANSWER, 0) : new ApiError(statusText || `error ${status}`, status);
  }
}

/** Whether an answer without a body is that of a proxy whose server is away. @param {Response} answer */
export const isAway = (answer) => AWAY.includes(answer.status) && !/json/.test(answer.headers.get("content-type") ?? "");
