"""A small VLMEvalKit: the same modules, names and habits, standard library only.

Kept from the real one: what `run.py` swallows and exits 0 after, shards `{rank}{world}_{dataset}.pkl`
every ten samples, status.json that never goes back from `done`, barriers between ranks.
"""
import os
import zipfile
from xml.etree import ElementTree

COMMON = {
    "vlmeval/__init__.py": """
import os
if os.path.exists(os.path.join(os.path.dirname(os.path.dirname(__file__)), '.env')):
    from dotenv import dotenv_values
    os.environ.update(dotenv_values('x'))
""",
    "dotenv.py": "def dotenv_values(path):\n    return {'FROM_ENV_FILE': '1'}\n",
    "vlmeval/api/__init__.py": "",
    "vlmeval/vlm/__init__.py": """
import os, signal, sys
import torch

class FakeModel:
    is_api = False
    def __init__(self, model_path='none', fail='', at=0, rank=0, answer='A'):
        assert 'WORLD_SIZE' not in os.environ and 'RANK' not in os.environ
        if fail == 'build':
            raise ValueError('weights are broken')
        if not os.path.exists(model_path) and model_path != 'org/fake':
            raise OSError('no such model ' + model_path)
        self.path, self.fail, self.at, self.rank, self.answer = model_path, fail, at, rank, answer
        self.calls = 0
        print('model from', model_path, os.environ.get('HF_HUB_OFFLINE'))
    def generate(self, message, dataset=None):
        self.calls += 1
        self.mine = int(os.environ.get('RANK', 0))
        if self.mine == self.rank and self.calls > self.at and self.fail:
            if self.fail == 'oom':
                raise torch.OutOfMemoryError('Tried to allocate 2.00 GiB')
            if self.fail == 'kill':
                if 'PEER' in os.environ:
                    open(os.environ['PEER']).close()  # when the peer answers its first
                os.kill(os.getpid(), signal.SIGKILL)
            if self.fail == 'bus':
                os.kill(os.getpid(), signal.SIGBUS)
            if self.fail == 'hang':
                self.hang()
            if self.fail == 'reason':
                with open(os.environ['PEER']) as peer:
                    peer.read()  # to the peer's end
                raise ValueError('the true reason')
            if self.fail == 'empty':
                raise NotImplementedError()
            if self.fail == dataset:
                raise RuntimeError('cannot answer ' + dataset)
            if self.fail == 'pause':
                self.pause()
            if self.fail == 'split' and ',' in os.environ['CUDA_VISIBLE_DEVICES']:
                return 'B'
            if self.fail == 'unsplit oom' and ',' not in os.environ['CUDA_VISIBLE_DEVICES']:
                raise torch.OutOfMemoryError('Tried to allocate 2.00 GiB')
            if self.fail == 'varies':
                return 'answer of ' + os.getcwd()
        elif self.fail == 'reason' and self.calls > self.at:
            self.held = open(os.environ['PEER'], 'w')
            raise RuntimeError('[gloo/transport/tcp/pair.cc:547] Connection closed by peer')
        elif self.fail == 'kill' and 'PEER' in os.environ and self.mine != self.rank and self.calls == 1:
            open(os.environ['PEER'], 'w').close()
        answer = self.answer or 'ABCD'[int(message) % 4]
        if 'ANSWERED' in os.environ:
            log = os.open(os.environ['ANSWERED'], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            os.write(log, ('%s %d %s %s\\n' % (
                os.environ['EVALJOB_ATTEMPT'], self.mine, dataset, message)).encode())
            os.close(log)
        return answer

    def tell_ready(self):
        if 'READY' in os.environ:
            with open(os.environ['READY'], 'w') as ready:
                ready.write('x')

    def pause(self):
        # Python's handlers do run.
        self.tell_ready()
        while True:
            signal.pause()

    def hang(self):
        # A lock of C's, taken twice: no signal ends the wait, and no handler of Python's runs.
        import ctypes
        library, mutex = ctypes.CDLL(None), (ctypes.c_char * 64)()
        self.tell_ready()
        while True:
            library.pthread_mutex_lock(mutex)

class Other(FakeModel):
    pass
""",
    "vlmeval/config.py": """
from functools import partial
import vlmeval.vlm as vlm
fake_series = {
    "Fake-1B": partial(vlm.FakeModel, model_path="org/fake"),
}
supported_VLM = dict(fake_series)
""",
    "vlmeval/dataset/__init__.py": """
import csv, os

class Frame:
    def __init__(self, rows):
        self.rows = rows
    def __len__(self):
        return len(self.rows)
    def __getitem__(self, name):
        return [row[name] for row in self.rows]
    @property
    def iloc(self):
        return self._Slice(self)
    class _Slice:
        def __init__(self, frame):
            self.frame = frame
        def __getitem__(self, key):
            rows = self.frame.rows
            return Frame(rows[key]) if isinstance(key, slice) else Frame([rows[i] for i in key])

class CustomMCQDataset:
    MODALITY, TYPE = 'IMAGE', 'MCQ'
    def __init__(self, dataset):
        self.dataset_name = dataset
        path = os.path.join(os.environ['LMUData'], dataset + '.tsv')
        with open(path, newline='') as source:
            self.data = Frame(list(csv.DictReader(source, delimiter='\\t')))
    def __len__(self):
        return len(self.data)
    @classmethod
    def evaluate(cls, eval_file, **judge_kwargs):
        from vlmeval.smp import load, dump
        print('judge', judge_kwargs.get('model'))
        rows = load(eval_file)
        judge = judge_kwargs.get('model')
        # As the real one: what it takes for no key ends in exact matching, and only a log says so.
        if judge != 'exact_matching' and os.environ.get('OPENAI_API_KEY', '').startswith('sk-'):
            for row in rows:
                if len(row['prediction']) > 1:
                    row['prediction'] = cls.ask(row, judge_kwargs) or row['prediction']
        if 'badscore' in eval_file:
            raise RuntimeError('cannot score')
        if 'dies' in eval_file:
            os._exit(9)
        hits = [row['prediction'] == row['answer'] for row in rows]
        value = '%.4f' % (sum(hits) / len(hits))
        with open(eval_file.replace('.xlsx', '_acc.csv'), 'w') as out:
            out.write('"split","Overall"\\n"none","%s"\\n' % value)
        return {'split=none': {'Overall': float(value)}}

    @staticmethod
    def ask(row, judge_kwargs):
        import json, urllib.error, urllib.request
        key = judge_kwargs.get('key') or os.environ['OPENAI_API_KEY']
        print('API Key:', key)
        body = {'model': os.environ.get('LOCAL_LLM') or judge_kwargs['model'],
                'messages': [{'role': 'user', 'content': row['prediction']}]}
        request = urllib.request.Request(
            judge_kwargs.get('api_base') or os.environ['OPENAI_API_BASE'], json.dumps(body).encode(),
            {'Content-Type': 'application/json', 'Authorization': 'Bearer ' + key})
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)['choices'][0]['message']['content']
        except urllib.error.HTTPError as error:
            print('judge failed', error.code, error.read())

class WebDataset(CustomMCQDataset):
    DATASET_MD5 = {'Web_WITH_SUM': os.environ.get('DATA_MD5')}
    def __init__(self, dataset):
        from vlmeval.smp import download_file
        self.data_path = os.path.join(os.environ['LMUData'], dataset + '.tsv')
        if not os.path.exists(self.data_path):
            download_file(os.environ['DATA_URL'], self.data_path)
        super().__init__(dataset)

def build_dataset(dataset_name, **kwargs):
    path = os.path.join(os.environ['LMUData'], dataset_name + '.tsv')
    if dataset_name == 'Remote_DEV' and not os.path.exists(path):
        with open(path, 'w') as out:
            out.write('index\\tquestion\\tA\\tB\\tanswer\\n1\\tq\\ta\\tb\\tA\\n2\\tq\\ta\\tb\\tB\\n')
    if dataset_name.startswith('Web_'):
        return WebDataset(dataset_name)
    if dataset_name == 'Offline_DEV':
        raise OSError('Network is unreachable')
    if not os.path.exists(path):
        return None
    return CustomMCQDataset(dataset_name)
""",
    "vlmeval/smp/__init__.py": """
import html, json, os, pickle, zipfile
from xml.etree import ElementTree
from .file import download_file
%(smp)s
def dump(data, f, **kwargs):
    f = str(f)
    if f.endswith('.pkl'):
        with open(f, 'wb') as out:
            pickle.dump(data, out)
        return
    names = list(data[0])
    lines = [names] + [[str(row[name]) for name in names] for row in data]
    sheet = ''.join('<row r="%%d">%%s</row>' %% (i + 1, ''.join(
        '<c r="%%s%%d" t="inlineStr"><is><t>%%s</t></is></c>' %% (chr(65 + j), i + 1, html.escape(cell))
        for j, cell in enumerate(line))) for i, line in enumerate(lines))
    with zipfile.ZipFile(f, 'w') as book:
        book.writestr('xl/worksheets/sheet1.xml', '<worksheet><sheetData>%%s</sheetData></worksheet>' %% sheet)

def load(f):
    f = str(f)
    if f.endswith('.pkl'):
        with open(f, 'rb') as source:
            return pickle.load(source)
    with zipfile.ZipFile(f) as book:
        tree = ElementTree.fromstring(book.read('xl/worksheets/sheet1.xml'))
    lines = [[''.join(t.text or '' for t in cell.iter('t')) for cell in row] for row in tree.iter('row')]
    return [dict(zip(lines[0], line)) for line in lines[1:]]
""",
    "vlmeval/smp/file.py": """
def download_file(url, filename=None):
    raise AssertionError('it writes straight to the final name')
""",
    "vlmeval/inference.py": """
import os
import torch.distributed as dist
from vlmeval.config import supported_VLM
from vlmeval.smp import dump, load

def infer_data(model, model_name, work_dir, dataset, out_file, **kwargs):
    prev_file = os.path.join(work_dir, '%s_%s_PREV.pkl' % (model_name, dataset.dataset_name))
    res = load(prev_file) if os.path.exists(prev_file) else {}
    if os.path.exists(out_file):
        res.update(load(out_file))
    rank, world = int(os.environ.get('RANK', 0)), int(os.environ.get('WORLD_SIZE', 1))
    indices = dataset.data.iloc[list(range(rank, len(dataset), world))]['index']
    if all(i in res for i in indices):
        res = {k: res[k] for k in indices}
        dump(res, out_file)
        return model
    model = supported_VLM[model_name]() if isinstance(model, str) else model
    todo = [i for i in indices if i not in res]
    print('todo', len(todo))
    for n, i in enumerate(todo):
        res[i] = model.generate(message=i, dataset=dataset.dataset_name)
        if (n + 1) % 10 == 0:
            dump(res, out_file)
    dump({k: res[k] for k in indices}, out_file)
    return model

def infer_data_job(model, work_dir, model_name, dataset, **kwargs):
    rank, world = int(os.environ.get('RANK', 0)), int(os.environ.get('WORLD_SIZE', 1))
    result = os.path.join(work_dir, '%s_%s.xlsx' % (model_name, dataset.dataset_name))
    prev_file = os.path.join(work_dir, '%s_%s_PREV.pkl' % (model_name, dataset.dataset_name))
    if os.path.exists(result):
        if rank == 0:
            dump({row['index']: row['prediction'] for row in load(result)}, prev_file)
        if world > 1:
            dist.barrier()
    tmpl = os.path.join(work_dir, '{}%d_%s.pkl' % (world, dataset.dataset_name))
    model = infer_data(model=model, model_name=model_name, work_dir=work_dir, dataset=dataset,
                       out_file=tmpl.format(rank))
    if world > 1:
        dist.barrier()
    if rank == 0:
        everything = {}
        for i in range(world):
            everything.update(load(tmpl.format(i)))
        rows = [dict(row, prediction=everything[row['index']]) for row in dataset.data.rows]
        if os.environ.get('LOSE_ROWS'):
            rows = rows[:-1]
        dump(rows, result)
        for i in range(world):
            os.remove(tmpl.format(i))
        if os.path.exists(prev_file):
            os.remove(prev_file)
    if world > 1:
        dist.barrier()
    return model
""",
    "vlmeval/inference_mt.py": "",
    "vlmeval/inference_video.py": "",
    "torch/__init__.py": """
class OutOfMemoryError(RuntimeError):
    pass
class cuda:
    is_available = staticmethod(lambda: False)
    @staticmethod
    def init():
        import os
        print('driver took', os.environ['CUDA_VISIBLE_DEVICES'])
    @staticmethod
    def set_device(device):
        raise RuntimeError('no CUDA')
class nn:
    class Module:
        def to(self, *a, **k): return self
        def cuda(self): raise RuntimeError('no CUDA')
class Tensor(nn.Module):
    pass
""",
    "torch/distributed.py": """
import os
_n = 0
def init_process_group(backend, timeout=None):
    assert backend == 'gloo', backend
def barrier():
    # Opening either end of a pipe waits for the other: first all have come, then all may go.
    global _n
    _n += 1
    rank, world = int(os.environ['RANK']), int(os.environ['WORLD_SIZE'])
    for half in 'ab':
        for peer in range(1, world) if rank == 0 else [rank]:
            path = os.path.join(os.environ['TMPDIR'], 'barrier-%s-%d-%s-%d' % (
                os.environ['MASTER_PORT'], _n, half, peer))
            try:
                os.mkfifo(path)
            except FileExistsError:
                pass
            open(path, 'w' if rank == 0 else 'r').close()
def destroy_process_group():
    pass
""",
}

STATUS_SMP = """
from .status_report import collect_run_benchmark_report
def upsert(folder, dataset, **fields):
    path = os.path.join(folder, 'status.json')
    document = {'datasets': {}}
    if os.path.exists(path):
        with open(path) as source:
            document = json.load(source)
    entry = document['datasets'].setdefault(dataset, {})
    order = ['pending', 'infer', 'eval', 'done']
    if order.index(fields['status']) < order.index(entry.get('status', 'pending')):
        return
    entry.update(fields)
    with open(path, 'w') as out:
        json.dump(document, out)
"""

STATUS_REPORT = """
import json, os

def collect_run_benchmark_report(run_dir):
    with open(os.path.join(run_dir, 'status.json')) as source:
        datasets = json.load(source)['datasets']
    rows = []
    for name, entry in datasets.items():
        value = (entry.get('metrics') or {}).get('split=none|Overall')
        rows.append({'benchmark': name, 'primary_metric': None if value is None else 'Overall Acc',
                     'primary_metric_value': None if value is None else value * 100})
    return rows
"""

RUN = """
import argparse, json, logging, os, sys
logging.basicConfig(level=logging.INFO)
logger = logging.getLogger('run')
import torch, torch.distributed as dist
from vlmeval.config import supported_VLM
from vlmeval.dataset import build_dataset
from vlmeval.inference import infer_data_job
from vlmeval import smp

RANK, WORLD_SIZE = int(os.environ.get('RANK', 0)), int(os.environ.get('WORLD_SIZE', 1))
%(prologue)s

def parse_args():
    parser = argparse.ArgumentParser()
    parser.add_argument('--data', nargs='+')
    parser.add_argument('--model', nargs='+')
    parser.add_argument('--work-dir')
    parser.add_argument('--mode', type=str, default='all', choices=%(modes)s)
    parser.add_argument('--reuse', action='store_true')
    parser.add_argument('--judge')
    parser.add_argument('--judge-args')
    %(flags)s
    return parser.parse_args()

def upsert(folder, dataset, **fields):
    if RANK == 0 and hasattr(smp, 'upsert'):
        smp.upsert(folder, dataset, **fields)

def main():
    args = parse_args()
    assert args.reuse and os.path.isabs(args.work_dir)
    if WORLD_SIZE > 1:
        torch.cuda.set_device(int(os.environ['LOCAL_RANK']))
        dist.init_process_group('nccl')
    for model_name in args.model:
        folder = os.path.join(args.work_dir, model_name%(folder)s)
        os.makedirs(folder, exist_ok=True)
        model = model_name
        for name in args.data:
            if WORLD_SIZE > 1:
                dist.barrier()
            try:
                upsert(folder, name, status='pending')
                dataset = build_dataset(name)
                if dataset is None:
                    upsert(folder, name, status='done', skip_reason='invalid_dataset')
                    continue
                result = os.path.join(folder, '%%s_%%s.xlsx' %% (model_name, name))
                if args.mode != 'eval':
                    upsert(folder, name, status='infer')
                    model = infer_data_job(model, work_dir=folder, model_name=model_name, dataset=dataset)
                if RANK == 0:
                    if args.mode == 'infer':
                        upsert(folder, name, status='done', skip_reason='mode_infer')
                        continue
                    metrics = dataset.evaluate(result, model=args.judge, **json.loads(args.judge_args or '{}'))
                    upsert(folder, name, status='done', primary_metric='Overall Acc',
                           metrics={'split=none|Overall': metrics['split=none']['Overall']})
            except Exception as e:
                logger.exception(f'Model {model_name} x Dataset {name} combination failed: {e}')
                upsert(folder, name, status='done', error_message=str(e))
                continue
        if RANK == 0 and args.mode != 'infer' and hasattr(smp, 'collect_run_benchmark_report'):
            for row in smp.collect_run_benchmark_report(folder):
                print('summary', row['benchmark'], row['primary_metric'],
                      format(row['primary_metric_value'] or 0, '.4g'))

if __name__ == '__main__':
    main()
"""

VARIANTS = {
    "StatusFile": dict(smp=STATUS_SMP, modes="['all', 'infer', 'eval']", folder="", prologue="",
                       flags="parser.add_argument('--keep-failed', action='store_true')"),
    "AutoSplit": dict(
        smp="def auto_split_flag():\n    return os.environ.get('AUTO_SPLIT', '0') == '1'\n",
        modes="['all', 'infer']", folder=", 'T20261123_Gabc'",
        prologue="print('split', os.environ.get('AUTO_SPLIT'), os.environ.get('GPUS_PER_PROCESS'))",
        flags="parser.add_argument('--ignore', action='store_true')"),
    "AutoDeviceMap": dict(smp="", modes="['all', 'infer', 'eval']", folder=", 'T20250601_Gabc'",
                          flags="pass", prologue=""),
}


def install(folder, dialect="StatusFile"):
    """Writes the package into a folder of the container's PYTHONPATH."""
    variant = VARIANTS[dialect]
    for name, text in COMMON.items():
        _write(folder, name, text % variant if name == "vlmeval/smp/__init__.py" else text)
    if dialect == "StatusFile":
        _write(folder, "vlmeval/smp/status_report.py", STATUS_REPORT)
    # The older one has run.py beside the package, as a checkout of its repository has.
    name = "run.py" if dialect == "AutoDeviceMap" else "vlmeval/run.py"
    _write(folder, name, RUN % variant)


def table(rows, answers="AB"):
    """A data set of so many rows; every second answer is right for a model that says A."""
    lines = ["index\tquestion\tA\tB\tanswer"]
    lines += ["%d\tquestion\tyes\tno\t%s" % (i, answers[i % len(answers)]) for i in range(rows)]
    return "\n".join(lines) + "\n"


def read_predictions(path):
    """The rows of a prediction file, each {column: text}."""
    with zipfile.ZipFile(path) as book:
        tree = ElementTree.fromstring(book.read("xl/worksheets/sheet1.xml"))
    lines = [["".join(text.text or "" for text in cell.iter("t")) for cell in row]
             for row in tree.iter("row")]
    return [dict(zip(lines[0], line)) for line in lines[1:]]


def _write(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        out.write(text)
