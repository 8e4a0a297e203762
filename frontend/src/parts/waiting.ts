/** Photos that wait on the device until they have arrived: they outlive a page that is left and a line that is cut. */
export interface WaitingFile {
  id: string;
  box: string;
  file: File;
  taken: number;
  place: string;
}

const STORE = "files";

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open("qipan-waiting", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("indexedDB"));
  });
}

async function run<T>(mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T | undefined> {
  try {
    const database = await open();
    return await new Promise<T>((resolve, reject) => {
      const request = act(database.transaction(STORE, mode).objectStore(STORE));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error ?? new Error("indexedDB"));
    });
  } catch {
    return undefined; // a browser that keeps nothing still uploads
  }
}

export async function keepFile(entry: WaitingFile): Promise<void> {
  await run("readwrite", (store) => store.put(entry));
}

export async function dropFile(id: string): Promise<void> {
  await run("readwrite", (store) => store.delete(id) as IDBRequest<undefined>);
}

export async function filesOf(box: string): Promise<WaitingFile[]> {
  const all = (await run<WaitingFile[]>("readonly", (store) => store.getAll())) ?? [];
  return all.filter((entry) => entry.box === box);
}

/** Gives up the files of every box whose name begins so. */
export async function dropFilesBelow(prefix: string): Promise<void> {
  const all = (await run<WaitingFile[]>("readonly", (store) => store.getAll())) ?? [];
  for (const entry of all) if (entry.box.startsWith(prefix)) await dropFile(entry.id);
}
