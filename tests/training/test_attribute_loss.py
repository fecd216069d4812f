import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs torch")

from facegpt_ros.language.attribute_table import ATTRIBUTES  # noqa: E402
from facegpt_ros.language.attributes import draw, read  # noqa: E402
from facegpt_ros.language.degrees import NOT, SLIGHTLY, VERY  # noqa: E402
from facegpt_ros.language.describe import Descriptions  # noqa: E402
from facegpt_ros.language.matches import Wish  # noqa: E402
from facegpt_ros.morphable.model import MorphableModel  # noqa: E402
from facegpt_ros.training.attribute_loss import AttributeLoss, AttributeReadout, limits  # noqa: E402

KEYS = list(ATTRIBUTES)


@pytest.fixture(scope="module")
def model():
    return MorphableModel.load()


def test_torch_reads_what_the_words_are_judged_by(model):
    rng = np.random.default_rng(0)
    faces = [rng.normal(0, 1, (20, len(model.identity_names))), rng.random((20, len(model.expression_names)))]
    faces.append(rng.normal(0, 1, (20, len(model.albedo_names))))
    expected = np.stack(list(read(model, *faces).values()), 1)
    values = AttributeReadout(model)(*(torch.from_numpy(part).float() for part in faces)).numpy()
    acts = np.array([attribute.kind == "expression" for attribute in ATTRIBUTES.values()])
    np.testing.assert_allclose(np.where(acts, values.clip(0, 1), values), expected, atol=1e-4)


def test_a_face_that_has_all_costs_nothing_and_every_miss_costs_in_its_own_unit(model):
    asked = (Wish("nose_width"), Wish("age", -1), Wish("smile", degree=SLIGHTLY), Wish("skin_tone", -1, VERY))
    wanted = torch.from_numpy(limits(asked))[None]
    values = torch.zeros(1, len(KEYS))
    inside = [(low + high) / 2 for low, high in (wish.drawn for wish in asked)]
    for wish, value in zip(asked, inside, strict=True):
        values[0, KEYS.index(wish.key)] = value
    loss = AttributeLoss()
    assert float(loss(values, wanted)) == 0
    for wish in asked:
        off = values.clone()
        column, scale = KEYS.index(wish.key), ATTRIBUTES[wish.key].scale
        off[0, column] = wish.drawn[0] - scale  # a whole unit below
        assert float(loss(off, wanted)) == pytest.approx((1 - 0.25 / 2) / len(asked), rel=1e-4)
    values[0, KEYS.index("jaw_width")] = 9  # nobody asked
    assert float(loss(values, wanted)) == 0
    assert float(loss(values, torch.from_numpy(limits(()))[None])) == 0


def test_its_gradient_leads_to_faces_that_have_what_a_text_names(model):
    """Down the loss alone, from the mean face."""
    rng, descriptions = np.random.default_rng(1), Descriptions(model)
    texts = [descriptions.sample(rng, "val") for _ in range(24)]
    wanted = torch.from_numpy(np.stack([limits(one.asked) for one in texts]))
    sizes = [len(names) for names in (model.identity_names, model.expression_names, model.albedo_names)]
    parts = [torch.zeros(len(texts), size, requires_grad=True) for size in sizes]
    readout, loss = AttributeReadout(model), AttributeLoss()
    optimiser = torch.optim.Adam(parts, 0.05)
    for _ in range(200):
        optimiser.zero_grad()
        missed = loss(readout(*parts), wanted)
        missed.backward()
        optimiser.step()
    identity, expression, albedo = (part.detach().numpy() for part in parts)
    values = read(model, identity, expression.clip(0, 1), albedo)
    has = [bool(wish.holds(values[wish.key][i])) for i, one in enumerate(texts) for wish in one.asked]
    assert np.mean(has) > 0.98


def test_what_is_drawn_for_a_text_lies_inside(model):
    rng, descriptions = np.random.default_rng(2), Descriptions(model)
    loss, readout = AttributeLoss(), AttributeReadout(model)
    asked, faces = [], []
    while len(asked) < 16:
        one = descriptions.sample(rng)
        if all(wish.degree != NOT for wish in one.asked):
            asked.append(limits(one.asked))
            faces.append(draw(model, one.values))
    parts = [torch.from_numpy(np.stack(part)) for part in zip(*faces, strict=True)]
    assert float(loss(readout(*parts), torch.from_numpy(np.stack(asked)))) < 5e-3
